"""Little stories: a hero, a friend, a place, a thing, a problem, some tries, an ending.

Each plot is a list of beats; each beat is a list of templates, one of which is told. A beat that
holds an empty template may be skipped. Slots are drawn once per story, so names and things stay the same.
"""

from grammar import bucket, expand, upper_first

HEROES = """fox rabbit mouse hedgehog squirrel bear owl badger otter duck frog cat dog goat sheep pony turtle beaver crow
sparrow mole hare donkey goose robin""".split()
PEOPLE = ["girl", "boy", "baker", "fisherman", "gardener", "shepherd", "tailor", "miller", "painter", "sailor", "princess", "prince"]
SHE = "Mira Luna Poppy Nell Ivy Tilly Hazel Daisy Wren Flora Pearl Ruby Lotta Minna Olive Bea Juno Elsie Greta Maple".split()
HE = "Tom Finn Otto Pip Milo Bruno Jasper Theo Rowan Barley Hugo Ned Emil Oskar Alder Toby Max Leo Fritz Jonah".split()
MALE, FEMALE = ("boy", "fisherman", "prince"), ("girl", "princess")

PLACES = ["in a small village by the sea", "at the edge of a green forest", "on a windy hill", "beside a quiet lake", "in a little town with crooked roofs",
          "under the roots of an old oak", "in a valley full of apple trees", "near a slow brown river", "on an island with a white lighthouse",
          "at the foot of a snowy mountain", "in a cottage with a blue door", "behind the old mill", "in a warm burrow below the meadow", "on a farm with red barns"]
THINGS = ["silver bell", "red kite", "wooden boat", "golden key", "little lantern", "blue scarf", "tin drum", "glass marble", "brass button", "paper crown", "silver spoon",
          "warm mitten", "shiny whistle", "yellow umbrella", "music box", "clay pot", "green hat", "feather pen", "leather bag", "tiny mirror"]
TREASURES = ["a jar of honey", "a box of seeds", "a basket of pears", "a bag of nuts", "a book of songs", "a pair of red boots", "a warm quilt", "a bright shell", "a ring of keys", "a letter from a friend"]
SPOTS = ["under the bench", "behind the stove", "in the tall grass", "beside the well", "inside a hollow log", "under a heap of leaves", "near the bridge", "in the hay", "between two stones", "at the bottom of a basket"]
SEARCH = ["behind the curtains", "under the bed", "in the garden", "along the path", "in every cupboard", "by the gate", "on the roof", "in the barn", "near the pond", "around the old tree"]
FOODS = ["apple pie", "pumpkin soup", "honey cake", "berry jam", "nut bread", "pear tart", "carrot stew", "cheese pancakes"]
SEASON = ["spring", "summer", "autumn", "winter"]
WEATHER = ["The sun was warm and the sky was clear.", "A soft rain was falling.", "The wind sang in the trees.", "Mist lay over the fields.", "The first snow had fallen in the night.", "The air smelled of grass and flowers.", ""]
MORAL = ["From that day on, {H} and {F} were the best of friends.", "And {H} never forgot that a small kindness can go a long way.", "That night {H} slept well and dreamed of {dream}.",
         "And if you walk past there today, you may still hear them laugh.", "Everyone agreed that it had been a very good day.", "{H} had learned that it is no shame to ask for help.",
         "{H} smiled all the way home.", "And they all lived happily ever after.", "Since then, {H} and {F} have shared everything, even {food}."]
DREAM = ["the sea", "tall mountains", "flying over the hills", "new adventures", "a garden of stars", "sailing to the moon"]
FEEL = ["sad", "worried", "lonely", "unhappy", "close to tears"]
TRAIT = ["kind", "clever", "shy", "brave", "curious", "cheerful", "quiet", "dreamy", "busy", "merry"]

OPEN = [
    "Once upon a time, there was a {trait} {hkind} named {H} who lived {place}.",
    "Once upon a time, a {trait} {hkind} named {H} lived {place}.",
    "Once upon a time, {place}, there lived a {hkind} named {H}.",
    "There once was a {hkind} called {H}, and {he} lived {place}.",
    "{H} was a {trait} {hkind} who lived {place}.",
    "Long ago, {place}, lived a {trait} {hkind} by the name of {H}.",
    "A {hkind} named {H} lived {place}.",
    "In the days when animals could talk, a {trait} {hkind} named {H} lived {place}.",
]
MEET = ["{His} best friend was {F}, a {ftrait} {fkind}.", "Next door lived {F}, a {ftrait} {fkind}.", "{He} had a friend, a {ftrait} {fkind} named {F}.",
        "Every [morning|evening|afternoon] {he} played with {F}, a {ftrait} {fkind}."]
COME = ["Just then {F}, a {ftrait} {fkind}, came by.", "Then {he} met {F}, a {ftrait} {fkind}.", "On the path stood {F}, a {ftrait} {fkind}.", "A {ftrait} {fkind} named {F} heard {him} and stopped.",
        "Luckily, a {ftrait} {fkind} named {F} was passing by."]
ASK = ["\"What is wrong, {H}?\" asked {F}.", "\"Why do you look so {feel}?\" asked {F}.", "\"Can I help you?\" said {F}.", "\"You look {feel},\" said {F}. \"Tell me what happened.\""]

PLOTS = {
    "lost": [
        OPEN, ["Of all the things {he} owned, {he} loved {his} {thing} most.", "{He} had a {thing} that {he} took everywhere.", "{His} grandmother had given {him} a {thing}, and {he} was very proud of it."],
        ["One {season} [morning|day], the {thing} was gone.", "But one day {H} woke up and could not find the {thing}.", "One [evening|morning], {he} noticed that the {thing} was missing."],
        ["{H} looked {search}, but it was not there.", "{He} searched {search} and found nothing.", "First {he} looked {search}. Nothing!"],
        ["Then {he} looked {search2}, but found only [dust|an old sock|a sleepy beetle|a few leaves].", "{He} even looked {search2}, with no luck.", ""],
        ["{H} sat down and felt {feel}.", "{He} was {feel} and did not know what to do.", "\"I will never see it again,\" {he} sighed."],
        COME, ASK, ["\"I have lost my {thing},\" said {H}.", "{H} told {F} about the lost {thing}.", "\"My {thing} is gone,\" {H} answered."],
        ["\"Let us look for it together,\" said {F}.", "\"Four eyes see more than two,\" said {F} and began to search.", "\"When did you see it last?\" asked {F}. {H} thought hard and remembered a walk from the day before."],
        ["They searched until the sun was low, and there, {spot}, lay the {thing}.", "Together they walked slowly, step by step, and {spot} something shone. It was the {thing}!", "Soon {F} gave a shout: the {thing} was {spot}."],
        ["{H} [jumped for joy|was so happy that {he} danced|hugged {F}] and thanked {F}.", "\"Thank you, {F}!\" cried {H}.", "{H} gave {F} {treasure} to say thank you."],
        MORAL],
    "broken": [
        OPEN, MEET, ["One {season} day {F} lent {H} a {thing}.", "{F} had a {thing} and let {H} play with it.", "For a whole day {H} was allowed to look after the {thing} of {F}."],
        ["{H} was [running|dancing|climbing] with it when {he} [tripped|slipped], and the {thing} broke.", "But {he} held it too tightly, and with a crack the {thing} broke in two.", "On the way home {he} dropped it on a stone, and the {thing} broke."],
        ["{H} felt {feel}. Should {he} hide it {spot}?", "At first {he} wanted to hide it {spot} and say nothing.", "\"If I say nothing, nobody will know,\" {he} thought, and felt {feel}."],
        ["All night {he} could not sleep.", "But {his} heart was heavy.", "But it did not feel right.", ""],
        ["The next morning {H} went to {F} and told the truth.", "So {he} took a deep breath, went to {F} and said, \"I broke your {thing}. I am sorry.\"", "In the end {he} brought the pieces to {F} and said sorry."],
        ["{F} was quiet for a moment and then smiled.", "{F} looked at the pieces and then at {H}.", "{F} was sad at first, but not angry."],
        ["\"Thank you for telling me,\" said {F}. \"We can mend it.\"", "\"Things can be fixed,\" said {F}. \"A true friend is worth more than a {thing}.\"", "\"It was brave to tell me,\" said {F}."],
        ["They worked with glue and string all afternoon, and the {thing} was [as good as new|even nicer than before].", "Together they mended the {thing} with [a bit of wire|glue and thread|great care].", "By evening the {thing} was whole again, with only a little mark."],
        ["Then they ate {food} and laughed about it.", "To celebrate they shared {food}.", ""], MORAL],
    "afraid": [
        OPEN, ["{H} was afraid of only one thing: {fear}.", "Everybody knew that {H} was afraid of {fear}.", "{He} was not afraid of much, but {fear} made {him} tremble."], MEET,
        ["One {season} evening {F} did not come home.", "One night {F} called for help from far away.", "One day {F} got stuck on the other side of the [hill|river|wood]."],
        ["\"Somebody must help {fhim},\" thought {H}.", "{H} heard it and {his} heart beat fast.", "There was nobody else to help."],
        ["But to get there, {he} had to face {fear}.", "The only way led past {fear}.", "And between them there was {fear}."],
        ["{H} closed {his} eyes, counted to [three|five|ten] and went.", "{He} took {his} {thing} in one hand for luck and went step by step.", "{His} knees shook, but {he} went on."],
        ["\"I can do this,\" {he} said to {himself} again and again.", "{He} sang a song to feel less afraid.", ""],
        ["At last {he} found {F} {spot}.", "There sat {F}, cold and tired, {spot}.", "After a long while {he} saw {F} {spot}."],
        ["\"You came!\" cried {F}. \"But were you not afraid?\"", "{F} could hardly believe it. \"You came all this way for me?\""],
        ["\"I was,\" said {H}, \"but you needed me.\"", "\"Very much,\" said {H}, \"and I came anyway.\""],
        ["They walked home together and warmed up with {food}.", "Hand in hand they went home, and it did not seem so bad any more.", "On the way back {he} was hardly afraid at all."], MORAL],
    "garden": [
        OPEN, ["One {season} day {he} found a small seed {spot}.", "One morning a bird dropped a small seed at {his} door.", "A traveller gave {him} a single seed."],
        ["{He} planted it {gplace} and gave it water.", "\"I wonder what you will become,\" said {H} and planted it {gplace}."],
        ["Every day {he} came to look, but nothing grew.", "A week went by, and nothing happened.", "Days went by, and there was only brown earth."],
        ["\"Perhaps it is asleep,\" said {F}, a {ftrait} {fkind} who lived nearby.", "{F}, a {ftrait} {fkind}, laughed and said, \"You must be patient.\"", "{F}, a {ftrait} {fkind}, came to see it. \"Good things take time,\" said {F}."],
        ["So {H} waited and sang to the seed.", "So {he} kept watering it, in sun and wind.", "{H} did not give up."],
        ["Then a storm came, and {H} held {his} {thing} over the spot all night.", "One night there was frost, and {he} covered the earth with a blanket.", ""],
        ["And one morning there was a small green leaf.", "At last a tiny green shoot came out of the earth."],
        ["It grew and grew, until it was as tall as {H}.", "By the end of the {season2} it had become {plant}.", "Soon it was {plant}, the finest for miles around."],
        ["{H} and {F} made {food} from what it gave and shared it with everyone.", "{He} gave the first [fruit|flower|basket] to {F}.", "All the neighbours came to see it."], MORAL],
    "contest": [
        OPEN, ["Every {season} there was a {contest} in the village.", "One {season} day a sign went up: there would be a {contest}.", "The whole village was getting ready for the {contest}."],
        ["{H} wanted to win more than anything.", "{H} had never won anything before.", "\"This year I will win,\" said {H}."], MEET,
        ["{He} practised every day from morning to night.", "For weeks {he} practised, even in the rain.", "{F} helped {him} to practise each day."],
        ["On the great day everyone came to watch.", "Then the great day came. {weather}", "At last the day was there, and {his} heart was beating fast."],
        ["{H} was in front when {he} saw {F} fall.", "All went well until {F} stumbled and hurt a foot.", "In the middle of it all, {H} heard {F} cry for help."],
        ["{H} stopped and looked at the [finish|prize], so near now.", "For a moment {H} did not know what to do.", ""],
        ["Then {he} turned around and helped {F} up.", "Then {he} ran back, took {F} by the arm, and they went on together."],
        ["They came last, but everyone clapped.", "Somebody else won the prize, but the crowd cheered for {H} the loudest."],
        ["\"You could have won,\" said {F}.", "\"Why did you stop?\" asked {F}."],
        ["\"Winning alone is no fun,\" said {H}.", "\"I would rather have a friend than a prize,\" said {H}."],
        ["The mayor gave them both {treasure}.", "That evening they ate {food} together.", "{F} gave {H} a {thing}, and {he} liked it better than any prize."], MORAL],
    "bake": [
        OPEN, MEET, ["It was nearly the birthday of {F}, and {H} wanted to make {food}.", "One {season} day {H} decided to make {food} for {F}."],
        ["But the cupboard was empty.", "But {he} had only [flour and water|one egg|a spoon of sugar].", "But something was missing."],
        ["So {he} went to the {nkind} next door and asked for [eggs|butter|milk].", "First {he} visited the {nkind} down the lane to ask for [butter|flour|honey]."],
        ["\"You may have some,\" said the {nkind}, \"if you help me [carry wood|sweep the floor|feed the hens].\"", "\"Gladly,\" said the {nkind}, \"but first help me [carry water|mend the fence|pick apples].\""],
        ["{H} worked hard until the job was done.", "{H} helped at once and got what {he} needed."],
        ["Back at home {he} mixed and stirred, and soon the house smelled lovely.", "At home {he} cooked all afternoon with flour on {his} nose."],
        ["But {he} fell asleep, and the {food} burned black.", "Then {he} tripped, and the {food} landed on the floor.", "The {food} came out wonderful."],
        ["When {F} came in, {H} told {fhim} everything.", "There was a knock at the door, and {F} came in."],
        ["{F} laughed and gave {H} a hug. \"You did all this for me? That is the best present.\"", "\"Nobody has ever cooked for me before,\" said {F}."],
        ["Then they cooked together and called the {nkind} to join them.", "They ate every crumb, and the {nkind} came too."], MORAL],
    "map": [
        OPEN, ["One {season} day {he} found an old map {spot}.", "On a rainy day {he} found a map inside a book."],
        ["It showed a path, a bridge and a red cross.", "On it was a path to {goal}, marked with a red cross."],
        ["{He} ran to show it to {F}, a {ftrait} {fkind}.", "{He} told {F}, a {ftrait} {fkind}, and they made a plan."],
        ["They packed {treasure} and a {thing} and set off.", "The next morning they set off with a {thing} and some {food}."], ["{weather}"],
        ["First they crossed the [river|bridge|marsh], which was [deep|wobbly|slippery].", "Soon they came to a [dark wood|steep hill|wide field] and nearly lost the way."],
        ["\"Shall we turn back?\" asked {F}. \"No,\" said {H}, \"we have come so far.\"", "{F} was tired, so {H} told {fhim} funny stories.", "They used the {thing} to [find the way|cheer themselves up]."],
        ["At last they stood at {goal}.", "In the evening they reached {goal}, just as the map had shown."],
        ["They dug and dug, until they hit something hard.", "There was a stone with a red cross, and under it a box."],
        ["It was a box with {treasure2} inside, and a note: \"For those who do not give up.\"", "Inside lay {treasure2}, left there long ago.", "Inside they found {treasure2} and laughed with joy."],
        ["\"The best part was the way here,\" said {F}.", "They shared it fairly, half and half.", "They told everyone about it when they came home."], MORAL],
    "storm": [
        OPEN, MEET, ["One {season} night a great storm came.", "One night the wind howled and the rain beat on the roof."],
        ["The roof of {F}'s house blew away.", "A tree fell on the house of {F}.", "The water rose and came into the house of {F}."],
        ["{F} stood in the rain with nothing but a {thing}.", "{F} had saved only a {thing}."],
        ["There was a knock at the door of {H}. \"May I come in?\" asked {F}.", "{H} saw it from the window and ran outside."],
        ["\"Of course! Come in and get warm,\" said {H}.", "\"Stay with me as long as you like,\" said {H}."],
        ["{He} gave {F} {treasure} and made some {food}.", "They sat by the fire and ate {food}.", "{He} wrapped {F} in a blanket and told {fhim} a story."],
        ["The next morning the sky was clear, and all the neighbours came to help.", "When the storm was over, {H} called all the neighbours together."],
        ["The {nkind} brought [wood|nails|ropes], and everyone worked together.", "Even the {nkind} came and carried [planks|stones|straw]."],
        ["After [three|four|five] days the house was built again, stronger than before.", "Before the week was over, {F} had a new house."],
        ["{F} hung the {thing} over the door so that nobody would forget.", "{F} gave {H} the {thing} as a present.", ""], MORAL],
}
FEARS = ["the dark wood", "deep water", "thunder", "the old bridge", "high places", "the black cave", "the big grey wolf", "the night"]
PLANTS = ["a tall sunflower", "an apple tree", "a great pumpkin", "a rose bush", "a pear tree", "a bush full of berries", "a bean plant up to the sky"]
CONTESTS = ["boat race", "cooking contest", "running race", "singing contest", "kite contest", "sack race", "sledge race"]
GOALS = ["the old tower", "the waterfall", "the lonely hill", "the hollow tree", "the round pond", "the ruined castle"]
GPLACES = ["behind the house", "in a pot by the window", "beside the gate", "in the middle of the garden", "next to the well"]
TITLE = {"lost": "a lost {thing}", "broken": "a broken {thing}", "afraid": "being brave", "garden": "a seed that grows", "contest": "a {contest}",
         "bake": "baking {food}", "map": "an old map", "storm": "a storm"}
ASKS = ["Tell me a story about {hero} and {title}.", "Please write a short story about {hero}. It should be about {title}.", "I want a story with {hero} and {title}.",
        "Write a little story: {hero}, {title}."]


def make_story(rng, held=False):
    """-> (story, request, fillers). The request asks for this very story; it is used in the chat form.
    The fillers are the names and things that the story must keep to."""
    while True:
        def person(kinds):
            kind = rng.choice(kinds)
            she = kind in FEMALE or (kind not in MALE and rng.random() < 0.5)
            return kind, she
        hkind, hshe = person(rng.choice([HEROES, PEOPLE]))
        fkind, fshe = person(HEROES)
        nkind = rng.choice(HEROES)
        hero = rng.choice(SHE if hshe else HE)
        friend = rng.choice([n for n in (SHE if fshe else HE) if n != hero])
        if len({hkind, fkind, nkind}) == 3:
            break
    he, his, him = ("she", "her", "her") if hshe else ("he", "his", "him")
    slots = {"H": hero, "F": friend, "hkind": hkind, "fkind": fkind, "nkind": nkind, "he": he, "his": his, "him": him,
             "He": upper_first(he), "His": upper_first(his), "himself": "herself" if hshe else "himself", "fhim": "her" if fshe else "him"}
    for key, pool in [("place", PLACES), ("thing", THINGS), ("spot", SPOTS), ("food", FOODS), ("season", SEASON), ("weather", WEATHER), ("dream", DREAM),
                      ("feel", FEEL), ("fear", FEARS), ("plant", PLANTS), ("contest", CONTESTS), ("goal", GOALS), ("gplace", GPLACES), ("season2", SEASON)]:
        slots[key] = rng.choice(pool)
    slots["search"], slots["search2"] = rng.sample(SEARCH, 2)
    slots["treasure"], slots["treasure2"] = rng.sample(TREASURES, 2)
    slots["trait"], slots["ftrait"] = rng.sample(TRAIT, 2)
    plot = rng.choice(sorted(PLOTS))
    key = " ".join([plot, hero, hkind, slots["place"]])
    if (bucket(key) == 0) != held:
        return make_story(rng, held)
    lines = [expand(rng, rng.choice(beat), slots) for beat in PLOTS[plot]]
    story = " ".join(upper_first(line) for line in lines if line)
    slots["hero"] = "a %s named %s" % (hkind, hero)
    slots["title"] = TITLE[plot]
    keep = {slots[k] for k in ("H", "F", "fkind", "nkind", "thing", "food", "fear", "contest", "goal")}
    return story, expand(rng, rng.choice(ASKS), slots), keep
