"""The support tickets and product reviews: templates, fillers, and how they are put together.

A ticket has one problem (its category), perhaps a side remark about something that is *not*
the problem, one sentence that sets the urgency, and a name and an order number. Every problem
sentence and every urgency sentence is hashed after its fillers are in; those in bucket 0 are
held out: training never sees them, evaluation uses nothing else.
"""

from grammar import bucket, expand, upper_first

CATEGORIES = ["billing", "shipping", "technical", "account", "refund"]
URGENCIES = ["low", "normal", "high"]
SENTIMENTS = ["positive", "neutral", "negative"]

FIRST = """Maria Jonas Amir Priya Chen Olga Pedro Fatima Liam Noah Emma Sofia Lucas Mia Ines Tomas Yuki Hana
Omar Leila Ravi Anika Kofi Ama Sven Ingrid Lars Freya Pablo Lucia Marco Giulia Pierre Claire Hugo Elise Anton Vera
Dmitri Katya Jamal Zara Idris Nadia Felix Clara Oscar Nina Theo Ruth Simon Alice Peter Helen Victor Laura Daniel Sarah
David Anna Julia Martin Eva George Diana Patrick Molly Owen Erin Samuel Grace Adam Rose Isaac Leah Aaron Miriam Carlos
Elena Diego Carmen Rafael Teresa Stefan Petra Milan Dana Viktor Irina Hassan Amina Yusuf Salma Kenji Aiko Hiro Mei Wei
Lin Arjun Divya Rohan Kavya Thabo Naledi Kwame Esi Bruno Paula Nuno Rita Emil Astrid Nils Signe Matteo Chiara""".split()

LAST = """Lindt Berg Silva Okafor Patel Tanaka Novak Rossi Dubois Keller Haddad Moreau Fischer Jansen Costa Rivera
Mendez Ortiz Vargas Castro Ivanov Petrov Sokolov Nowak Kowalski Horvat Nagy Popescu Ionescu Larsen Hansen Nilsson
Virtanen Korhonen Murphy Walsh Byrne Doyle Campbell Fraser Grant Hughes Morgan Price Barker Cooper Fletcher Mason
Porter Turner Walker Weaver Baker Brewer Carter Dyer Foster Hunter Marsh Brooks Hill Wood Field Stone Rivers Lake
Ahmed Rahman Khan Malik Aziz Farouk Saleh Mansour Mensah Boateng Adeyemi Balogun Nkosi Dlamini Mbeki Sato Suzuki
Kimura Watanabe Ito Chang Huang Zhao Liang Wong Park Choi Kang Yoon Sharma Gupta Reddy Iyer Nair Bose Das Fonseca
Almeida Pinto Barros Ferrari Bianchi Greco Conti Weber Vogel Krause Lorenz Albrecht""".split()

ONSET = "B Br C Ch D Dr F G Gr H J K Kl L M N P R S Sh St T Tr V W Z".split()
VOWEL = "a e i o u ai ea ou".split()
CODA = "n r l s m ck nd rt ll ska vic ley don man son berg ra to".split()

ITEMS = """desk lamp|kettle|coffee grinder|phone case|rain jacket|pair of boots|bookshelf|yoga mat|standing desk|blender
|winter coat|garden hose|camping tent|bike helmet|keyboard|headset|monitor stand|water bottle|backpack|office chair|rug
|toaster|wall clock|picture frame|suitcase|set of knives|frying pan|teapot|pillow|blanket|board game|guitar strap|tripod
|webcam|printer|router|speaker|hair dryer|dog bed|cat tree|fish tank|sewing machine|tool box|drill|ladder|plant pot
|bird feeder|scarf|wool hat|pair of gloves|pair of running shoes|swim mask|tennis racket|football|puzzle|calendar|notebook
|fountain pen|paint set|easel""".replace("\n", "").split("|")


def _number(low, high):
    return lambda rng: str(rng.randint(low, high))


FILL = {
    "item": ITEMS,
    "item2": ITEMS,
    "gadget": "headset keyboard webcam printer router speaker scanner doorbell thermostat camera smartwatch projector microphone".split(),
    "amount": lambda r: r.choice(["$%d", "$%d.50", "$%d.99", "%d euros", "%d dollars", "%d pounds"]) % r.randint(6, 280),
    "n": "two three four five six seven eight nine ten".split(),
    "day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
    "month": "January February March April May June July August September October November December".split(),
    "ago": ["yesterday", "last week", "last night", "this morning", "two days ago", "three days ago", "on Monday",
            "on Tuesday", "on Friday", "over the weekend", "earlier this month", "a few days ago"],
    "device": ["phone", "laptop", "tablet", "old computer", "new phone", "work laptop", "desktop", "television"],
    "part": ["search page", "settings page", "report screen", "calendar", "photo gallery", "map", "chat window",
             "dashboard", "start screen", "export button", "upload form", "video player", "reading list", "editor"],
    "card": ["credit card", "debit card", "bank account", "company card", "new card"],
    "city": ["Leeds", "Porto", "Lyon", "Graz", "Turin", "Oslo", "Ghent", "Cork", "Malmo", "Utrecht", "Dresden", "Austin",
             "Denver", "Halifax", "Perth"],
    "who": ["my sister", "my neighbour", "my son", "my mother", "a colleague", "my flatmate", "my daughter", "my boss"],
    "plan": ["basic plan", "family plan", "yearly plan", "monthly plan", "student plan", "team plan", "premium plan"],
    "code": _number(100, 599),
    "colour": "red blue green black white grey yellow brown".split(),
}

BODY = {
    "billing": [
        "I was charged [twice|two times] for [my|the] {item}[| {ago}].",
        "My {card} shows [two|three] payments of {amount} for [one order|the same order|a single {item}].",
        "The invoice for {month} [says|shows] {amount}, but [we agreed on|the site showed|my contract says] less.",
        "[Why|Can you tell me why] did my monthly bill go up [by|to] {amount}?",
        "There is a [charge|payment|fee] of {amount} on my statement that I do not [recognise|understand].",
        "I [cancelled|stopped] the {plan} [in {month}|{ago}] and you still took {amount} from my {card}.",
        "Your [system|shop|website] declined my {card} although [there is plenty of money on it|it works everywhere else].",
        "I need [an invoice|a receipt|a proper bill] with our [tax number|company address|company name] for the {item}.",
        "The [discount|voucher|gift code] I entered was not taken off the [total|price] of the {item}.",
        "How do I [switch|change] from paying by {card} to paying by [invoice|bank transfer]?",
        "You [billed|charged] me for the {plan}, but I [chose|picked|signed up for] the cheaper one.",
        "[The tax|The sales tax] on [my last invoice|the {month} invoice] [looks|seems] wrong[|: it should be lower].",
        "[I paid|I have paid] {amount} [in {month}|{ago}], and now a reminder says [the bill is still open|nothing was paid].",
        "Can I [pay|settle the bill] for the {item} in {n} [instalments|monthly parts]?",
        "My free trial of the {plan} ended and {amount} was [taken|debited] without [a warning|notice].",
        "The price at the checkout was {amount}, but a different sum [left|was taken from] my {card}.",
        "We [received|got] the same invoice {n} times [this month|in {month}].",
        "The receipt for the {item} [lists|shows] {n} pieces, and I only [bought|ordered] one.",
        "Please [update|replace] the {card} you [use|have] for my [monthly payment|{plan}].",
        "A [late fee|reminder fee|handling fee] of {amount} was added [although I paid on time|and I do not see why].",
        "My bank [says|tells me] you [tried|attempted] to [collect|take] {amount} {n} times.",
        "I would like to [know|understand] what the {amount} [on my bill|on the {month} statement] [is|was] for.",
        "Is it possible to [move|shift] the payment date of the {plan} to the [first|tenth|end] of the month?",
        "You [charged|debited] {amount} in [the wrong currency|dollars instead of euros|pounds instead of dollars].",
        "The [yearly|annual] renewal cost {amount}, much more than what the [offer|advert] promised.",
        "[Our accounts team|Our bookkeeper|My accountant] is missing the {month} invoice.",
        "The payment page [takes|accepted] my {card}, then [says|tells me] the payment [failed|was refused], yet {amount} is gone.",
        "I [am|was] [paying|charged] for {n} users on the {plan}, but there is only one.",
        "[Somebody|Someone] put {amount} for the {plan} on [my|our] {card} without asking.",
        "The [promised|advertised] price for the {plan} is not what [I see|appears] on my bill.",
        "Can you [send|email] me a [copy|corrected version] of the [invoice|receipt] for the {colour} {item}?",
        "My [subscription|membership] was renewed at {amount} [even though|although] I had [switched off|disabled] renewal.",
    ],
    "shipping": [
        "My {item} was supposed to [arrive|be here|come] on {day}, and [it has not|there is no sign of it].",
        "The tracking [page|link|number] has [said|shown] [in transit|label created|at the depot] for {n} days.",
        "The [courier|driver|carrier] says the {item} was [delivered|handed over] {ago}, but nothing is here.",
        "Can you tell me when [my {item}|the {colour} {item}] will [leave the warehouse|be sent out|reach {city}]?",
        "The parcel with the {item} went to [my old address|the wrong street|{city} instead of my town].",
        "I [ordered|bought] a {item} {ago} and it [still has not been sent|is still being packed].",
        "Half of my [order|delivery] is missing: the {item} came, the {item2} did not.",
        "Could you send the {item} to [{who}|my office|a pick-up point in {city}] instead of my home?",
        "The box [arrived|came] [open|soaked|crushed|torn] and the {item} had [fallen out|gone missing].",
        "You [delivered|sent] a {item} to me that [belongs to|was addressed to] [somebody else|a person in {city}].",
        "How long does [delivery|the post] to {city} [usually take|take at the moment] for a {item}?",
        "The parcel has been [stuck|waiting|sitting] [in customs|at the border|at the depot in {city}] since {day}.",
        "The driver left the {item} [in the rain|with a stranger|behind the bins] [on {day}|{ago}].",
        "[It says|The email said] [two-day|express|next-day] delivery for the {item}, and that was {n} days ago.",
        "Where is my {item}? [I ordered it|It was promised] {ago}.",
        "Nobody [rang|knocked], yet the courier left a note saying they [missed me|could not deliver] [on {day}|{ago}].",
        "Please [change|correct] the delivery address [for|of] my {item}: [I am moving|it must go] to {city}.",
        "The [depot|post office] in {city} [cannot find|has lost] the box with my {item}.",
        "I [got|received] an email that the {item} was on its way {ago}, but the tracking number [does not exist|shows nothing].",
        "Only one of the {n} parcels [turned up|arrived|has come].",
        "Do you [deliver|ship] a {item} to [islands|{city}|an address abroad]?",
        "The {item} has been going back and forth between [{city}|your warehouse] and the [depot|post office] since {day}.",
        "My delivery of a {item} was [moved|put off|delayed] from {day} [for the second time|without a reason].",
        "The courier [wants|asks for] a [code|pin] to hand over the {item}, and I never [got|received] one.",
        "Could the {item} be [dropped off|delivered] [after six|in the evening|on {day}] instead?",
        "The package [went|was sent] back to [you|the warehouse] before I could [pick it up|collect the {item}].",
        "It is {day} and the {item} that should have [come|arrived] last week is [nowhere|still on the road].",
        "You packed [the wrong|somebody else's] {item}; mine was [the {colour} one|the {colour} model].",
        "The [van|driver] [drives|drove] past our house every day, but my {item} is never [in it|on board].",
        "[I have waited|I have been waiting] {n} days for the {item} and the [carrier|courier] does not answer.",
        "The {item} is marked as collected by {who}, who [was not home|knows nothing about it].",
        "Which [carrier|courier] [brings|delivers] my {item}, and can I [follow|track] it?",
    ],
    "technical": [
        "The app [crashes|closes|freezes] [every time|whenever] I open the {part} on my {device}.",
        "I [get|see] error {code} [when I press save|whenever I load the {part}|on the {part}].",
        "Since the [update|last version|new release], the {part} [is blank|stays empty|does not load].",
        "The website is so slow on my {device} that the {part} [times out|never appears].",
        "My files [do not sync|stopped syncing|no longer sync] between my {device} and the [web|server].",
        "The {part} shows [yesterday's|last week's|the wrong] data[| on my {device}].",
        "Nothing happens when I [click|tap|press] the button [in|on] the {part}.",
        "The [picture|screen|text] on the {part} is [upside down|cut off|unreadable] on my {device}.",
        "Video calls [drop|stop|freeze] after {n} minutes on my {device}.",
        "[Printing|Saving|Exporting] from the {part} [gives|produces] an empty [page|file].",
        "The {part} keeps [loading|spinning] forever[| on my {device}].",
        "After the update my {device} [cannot find|no longer sees] the {gadget} over [Bluetooth|the wireless network].",
        "The [search|filter] on the {part} returns [nothing|results that make no sense].",
        "Your {gadget} will not [pair|connect] with my {device}.",
        "The [installer|download] stops at {code} megabytes and [says|reports] the file is [damaged|broken].",
        "I cannot [upload|attach] [photos|pictures|documents] [in|on] the {part}: it [stops|hangs] halfway.",
        "The app drains the battery of my {device} in {n} hours.",
        "[Dark mode|Large text] makes the {part} [impossible to read|disappear].",
        "[Sound|Audio] [is gone|is missing|crackles] in the app on my {device} since [the update|{day}].",
        "The {part} jumps back to the [top|beginning] whenever I [type|scroll].",
        "The notifications on my {device} [arrive|come] {n} hours late.",
        "The [screen|display] of the {gadget} [flickers|goes dark] after {n} minutes of use.",
        "Your [interface|server] answers with status {code} for every request [from our site|since {day}].",
        "When two of us edit [the same page|the same document] in the {part}, [changes|lines] [disappear|get lost].",
        "The {part} [works|looks fine] on my {device} but [not on any other|fails in the browser].",
        "I [followed|went through] the setup guide {n} times and the {gadget} [still blinks red|will not start].",
        "The new version will not [install|start] on my {device}; it [reports|shows] code {code}.",
        "[Links|Buttons] in the {part} [lead|go] to an [empty page|error page].",
        "The [clock|timer] in the {part} is {n} hours [ahead|behind].",
        "My {device} [shows|gets] a white screen as soon as the {part} [opens|loads].",
        "The {gadget} [loses|drops] its connection to the app {n} times a day.",
        "How do I make the {part} work [offline|without a network] on my {device}? It [shows|gives] error {code}.",
    ],
    "account": [
        "I [cannot|can no longer] [log in|sign in] on my {device}: it says [my password is wrong|the user is unknown].",
        "I [forgot|lost] my password and the reset email [never arrives|did not come|goes to an old address].",
        "Please [change|update] the email address on my profile to the one of {who}.",
        "How [do|can] I [delete|close] my account [for good|and all my data]?",
        "My profile was locked {ago} after {n} [wrong tries|attempts].",
        "[Someone|Somebody] [logged in|signed in] to my profile from {city}, and it was not me.",
        "I [got|bought] a new {device} and cannot [receive|get] the [login|sign-in|security] codes any more.",
        "I [registered|signed up] {ago} but the [confirmation email never came|activation link has expired].",
        "I have two [profiles|logins] by mistake; can you [merge|join] them[| into the one from {month}]?",
        "My [user name|display name] is [misspelled|still my maiden name] and I [cannot|do not know how to] change it.",
        "[Can|Could] you [give|grant] {who} access to our [team|workspace]?",
        "A colleague [left|quit] in {month} and I need [to remove his login|his user taken off our team].",
        "The [security question|backup code] is not accepted, so I am [locked out|shut out][| since {day}].",
        "I want to [turn on|switch on|turn off] two-step login [for|on] my {device} but I cannot find where.",
        "It says my email is [already taken|already in use], yet I never [signed up|registered][| before {month}].",
        "My [role|permission] changed from [admin|owner] to [guest|viewer] {ago} and I cannot [invite|add] people.",
        "Please [send|give] me a copy of all the [personal data|information] you [hold|keep] about me[| since {month}].",
        "I am [logged out|signed out] of my profile every {n} minutes.",
        "How do I [change|update] my [phone number|date of birth|home address|name] in my profile?",
        "The [owner|admin] of our team account [left|has left] in {month}, and [nobody|none of us] can [manage|change] it.",
        "I [no longer use|cannot open] the mailbox I [registered|signed up] with in {month}, so I cannot [reset|recover] my password.",
        "[Could|Can] you [unlock|reopen|restore] my profile? It was [suspended|closed|disabled] {ago}.",
        "I suspect my password was [stolen|leaked] {ago}; [how do I secure my login|what should I do with my login]?",
        "When I sign in as {who}, I [see|land in] [the wrong profile|a stranger's profile].",
        "The link to [reset|change] my password [expired|ran out] after {n} minutes.",
        "I [want|would like] to [leave|stop] the newsletter and [close|remove] my user profile[| from {month}].",
        "Signing in with my [work|school|university] [address|login] [stopped working|fails] {ago}.",
        "[Please|Could you please] [remove|delete] my old {device} from the list of trusted devices.",
        "My daughter [made|opened] a profile {ago} and she is only {n}; please [delete|close] it.",
        "The code [texted|sent] to my {device} is [rejected|refused] when I [log in|sign in].",
        "Who [else|apart from {who}] can [see|use] my login? I want to [limit|check] it.",
        "I need my user name again; I have not signed in since {month}.",
    ],
    "refund": [
        "The {item} [broke|fell apart|was ruined] after {n} days and I want my money back.",
        "I [sent back|returned] the {item} {ago} and have not [seen|got] the {amount} yet.",
        "I would like to return the {item}[|, it is {colour} and I wanted another colour].",
        "[How|Where] do I send back a {item} I [no longer need|do not like]?",
        "The {item} is [too small|too big|too heavy|not what I hoped for], so I want to [return it|give it back].",
        "You [promised|confirmed] to pay back {amount} for the {item} {ago}, but [nothing came|I am still waiting].",
        "Please cancel my order of the {item} and [return|give back] the {amount}.",
        "The {item} does not look like [the picture|the photo], I [wish|want] to [return|send back] it.",
        "I [want|ask for|request] a [full|complete] refund for the {item}[| I bought {ago}].",
        "Only {amount} came back for the {item}, [I paid more|that is not the full price].",
        "Can I [exchange|swap] the {item} for a {item2}, or get the money back?",
        "I changed my mind about the {item}; it is [unopened|unused|still sealed], how do I get my {amount} back?",
        "The [concert|course|workshop] in {city} was [called off|cancelled] and I [expect|would like] my {amount} back.",
        "Your return [label|form] for the {item} [does not print|is missing from the box].",
        "The {item} [came|arrived] with a [scratch|crack|hole|dent], so please [pay me back|refund it].",
        "I [returned|sent back] {n} things {ago}, but you [paid back|refunded] only the {item}.",
        "Is the {item} still [within|inside] the return [period|window]? I got it in {month}.",
        "[I am unhappy|We are unhappy|I am not happy] with the {item} and [want|would like] to [send it back|return it].",
        "My {item} has a [fault|defect], and {who} [said|told me] I can [claim|get] my {amount} back.",
        "The [parcel|box] with the returned {item} reached you {ago}; when [will|do] I get my {amount}?",
        "Could you [pay|send] the {amount} for the returned {item} to [another account|a different card|my new bank]?",
        "I [bought|ordered] the {item} as a gift, but {who} already has one, so it [has to|should] go back.",
        "The {item} I [got|received] is [second-hand|used], and I [refuse to keep|will not keep] it.",
        "[I cancelled|I called off] the {item} within an hour {ago}, please give back the {amount}.",
        "You offered a voucher for the broken {item}, but I [prefer|want] the {amount} in cash.",
        "The replacement {item} is [faulty|broken] too, so now I only want my money.",
        "What [happens|happened] to the {amount} for the {item} I [returned|brought back] in {month}?",
        "I do not need the {plan} any more and would like the [unused|remaining] months [paid back|refunded].",
        "The {item} smells [odd|of plastic|of smoke]; I am [sending|bringing] it back and want {amount}.",
        "You sent my {amount} for the returned {item} to [a closed account|an old card].",
        "The shop in {city} [would not|refused to] take back the {item}, although the return policy [allows|covers] it.",
        "I [kept|have] the receipt for the {item}: [can|may] I still [give it back|return it] after {n} weeks?",
    ],
}

# Remarks about what is NOT the problem. The key is the category whose words are borrowed.
SIDE = {
    "billing": ["The payment itself [went through|was fine].", "I have [already paid|paid in full] {ago}.",
                "My {card} was charged [correctly|only once], so that part is fine.", "I have the [invoice|receipt] here if you need it.",
                "The price was [fair|good], no complaint there."],
    "shipping": ["The parcel [arrived|came] [on time|quickly].", "Delivery was [quick|fast|no problem].",
                 "The courier was very [friendly|kind].", "It was delivered {ago}[|, well packed].", "The box was in good shape."],
    "technical": ["The [app|website] works [fine|well][| on my {device}].", "I do like the new {part}.",
                  "I already [restarted|updated] my {device}.", "The app itself [runs well|has no errors].",
                  "I wrote this from my {device}, so excuse typos."],
    "account": ["I can [log in|sign in] without trouble.", "My password [works|is fine].", "I am [logged in|signed in] as usual.",
                "My email address is still the same.", "I opened my account in {month}."],
    "refund": ["I do not want [a refund|my money back].", "I want to keep the {item}.", "I am not asking for a refund.",
               "There is no need to [send anything back|pay anything back].", "I [love|like] the {item} and will keep it."],
}
# A side remark that would make the problem unclear is left out.
SIDE_NOT = {("billing", "refund"): (2,), ("refund", "refund"): (0, 1, 2, 3, 4), ("shipping", "shipping"): (0, 1, 2, 3, 4),
            ("billing", "billing"): (0, 1, 2, 3, 4), ("technical", "technical"): (0, 1, 3), ("account", "account"): (0, 1, 2, 3),
            ("shipping", "refund"): (1, 4), ("refund", "billing"): (), ("technical", "refund"): (1, 4), ("account", "refund"): (1, 4)}

EVENT = "meeting talk exam flight trip wedding birthday interview launch party audit show workshop deadline".split()
URGENCY = {
    "high": [
        "My {event} is [tomorrow|tonight|this afternoon|today], so I need [an answer|help|this solved] [now|right away|today].",
        "[Please hurry|Please be quick|Hurry, please], {who} is [waiting|counting on it] [today|right now|tonight].",
        "This [cannot|can not] wait: [we|I] lose {amount} every [hour|day].",
        "[I need|We need] [this|it] [solved|fixed|sorted] [today|within the hour|by tonight|before noon], the {event} depends on it.",
        "[Our whole team|The whole office|Everybody here] is [stuck|blocked] and the {event} starts in {n} hours.",
        "I leave for {city} in {n} hours and [must|have to] have this settled [first|before that].",
        "[This is urgent|It is urgent|Very urgent], [the {event} is tomorrow|I have only {n} hours].",
        "I do not want to [be a nuisance|push|be rude], but [the {event} is in {n} hours|it has to be done today because of the {event}].",
        "If [this|it] is not [solved|fixed] [by tonight|by noon|within {n} hours], [I lose|we lose] [our biggest client|{amount}].",
        "[Call|Ring|Phone] me [at once|immediately|straight away], [the {event} begins soon|{who} cannot wait].",
        "There is a [safety|security] [risk|problem] here and {who} could [get hurt|be harmed], so act [now|at once].",
        "[As soon as possible, please|Right away, please]: I have a {event} [this evening|tomorrow morning|in {n} hours].",
        "[We have|I have] [no time left|run out of time], {day} is the last day and [that is today|that is tomorrow].",
        "[Each|Every] [minute|hour] counts, because [the {event} has begun|our shop is shut until then|{who} is in hospital].",
        "[I am|We are] in [real|serious] trouble [with {who}|over the {event}] unless [you answer|you act|this is done] [today|within the hour].",
        "[It is|This is] an emergency[|, please call me back now]: {who} [needs|depends on] [it|this] today.",
        "[Everything|All work] has [stopped|come to a halt] [here|in our shop] since {day}[| and customers are leaving].",
        "My {event} was [moved up|brought forward] to [tonight|tomorrow], please [drop everything|put this first].",
        "I [beg you|really need you] to [answer|reply] in the next {n} [minutes|hours].",
        "[Waiting|A wait] until {day} is [not possible|out of the question], it must be [today|now].",
        "Please treat this [as top priority|before anything else], [because of the {event} tomorrow|I have {n} hours left].",
        "The {event} [starts|begins] in {n} [minutes|hours] and I am [desperate|panicking].",
    ],
    "normal": [
        "[Please|Could you please] [look into|check] [this|it] [in the next few days|this week|by the end of the week].",
        "[An answer|A reply] [within {n} days|in the coming days|this week] [would be|is] [fine|good].",
        "[What|Can you tell me what] is the next step[|, {who} asks]?",
        "[I would be|I am] [glad|grateful] to hear from you[| this week| by {day}| in the next {n} days].",
        "Please [let me know|tell me] [how to proceed|what I should do][| by {day}].",
        "Could you [get back to me|write back|reply] [in the next {n} days|by next {day}|some day this week]?",
        "The {event} is [next week|in {n} days], so there is [a little|some] time.",
        "[I expect|I hope for] [an answer|a reply] [within the usual time|in about {n} days|by next {day}].",
        "[Please|Kindly] [take care of|see to] [it|this] [during the week|this week|within {n} days].",
        "I [hope|trust] we can [settle|solve|sort out] this [this week|by next {day}|in a few days].",
        "[Is there anything|Is there something] you need from me[| or from {who}]?",
        "You can [reach|write to] me [during office hours|on weekdays|any day until {day}].",
        "Thanks for [checking|looking into it][| this week| by {day}| in the next {n} days].",
        "[Please|Do] keep me [posted|informed][| over the next {n} days| this week].",
        "[It would be good|It would help] to [have|get] [this|it] [done|settled] [before next {day}|within {n} days|this week].",
        "[Someone|Somebody] should [answer|look at it] [this week|by next {day}|within {n} days].",
        "I [asked|wrote] {ago} [already|too], so [please|do] [reply|answer] [this week|in the next few days].",
        "I will [wait|watch out] for your [answer|message] [this week|over the next {n} days|until next {day}].",
    ],
    "low": [
        "[There is no|No] [hurry|rush] [at all|whatsoever|here][|, the {event} is months away].",
        "Whenever you [have|find] [a quiet moment|some spare time|time], [no pressure|it can wait|even if that is in {month}].",
        "This is not urgent[|, even next month is fine|, {who} can wait|, my {event} is next year].",
        "[It can wait|That can wait] [until|till] [after the holidays|next month|{month}|you are less busy].",
        "[I am just|We are just] [curious|wondering][| and so is {who}], [take your time|any time is fine].",
        "Take [your time|as long as you need], [I have|there is] [no deadline|nothing planned until {month}].",
        "[A small thing|Only a minor point|Nothing serious], really[|, {who} does not mind either]: [answer when it suits you|any time will do].",
        "[Put it|You can put it] at the [bottom|end] of your [list|pile][|, I can wait until {month}].",
        "[No need|You do not need] to [answer|reply] [soon|quickly][|, I only need it in {month}|, I am away until {month}].",
        "My {event} is [not until|only in] {month}, so [do not rush|there is no rush|take your time].",
        "It is [more of a question than a problem|only a detail], reply [some time this year|some time in {month}|whenever you like].",
        "[I can live with it|It does not bother me much|We manage without it] [for now|for a while|until {month}].",
        "Please do not [hurry|stress] [on my account|because of me][|, {who} has a spare one|, I am on holiday until {month}].",
        "[Other customers|Others] surely [come first|need you more], [I can wait|I am in no hurry|{month} is early enough].",
        "[I do not need|We do not need] an answer [today or tomorrow|this week|this month][|, {month} is fine].",
        "[Some day|At some point] would be [nice|lovely][|, maybe in {month}|, {who} says], but it [does not matter much|is not important].",
        "[This is hardly|It is hardly] an emergency[|, {who} even laughed about it], so [answer at leisure|reply whenever you like].",
        "I [thought|only thought] I would [mention|report] it[| while {who} remembers], [it is no trouble|no action needed soon].",
    ],
}

GREETING = ["Hi,", "Hello,", "Hello there,", "Good morning,", "Good evening,", "Dear team,", "Dear support,", "Hi team,", "Hey,",
            "To whom it may concern,", "Hi all,", "Good day,"]
NOISE = ["Sorry to bother you.", "Not sure if this is the right place.", "I hope you are well.", "Quick question.",
         "Me again.", "First time I write to you.", "I tried the help pages first.", "I have been a customer for years.",
         "Thanks for the good work so far.", "I could not find this in the FAQ.", "I will keep it short.", "Here is what happened."]
CLOSING = ["Thanks!", "Thank you.", "Many thanks.", "Best regards", "Kind regards", "Cheers", "Thanks in advance.", "All the best",
           "Best wishes", "Regards"]
ORDER = ["My order number is {order}.", "Order number: {order}.", "It is about order {order}.", "(order {order})", "Order {order}.",
         "The order is {order}.", "This concerns order {order}.", "My order is {order}.", "Reference: {order}.", "Ref {order}.",
         "You will find it under {order}.", "The number on the receipt is {order}.", "Order no. {order}, if that helps."]
INTRO = ["My name is {name}.", "This is {name}.", "{name} here.", "I am {name}.", "{name} is my name.", "I write as {name}.",
         "It is {name} again."]
SIGN = ["{name}", "- {name}", "Yours, {name}", "Signed, {name}", "Greetings from {name}", "{name} (customer)"]

FILL["event"] = EVENT


def make_name(rng, held, strange=0.0):
    """A first and a last name; `strange` is the chance of an invented one (only copying can get it right)."""
    while True:
        if rng.random() < strange:
            part = lambda: rng.choice(ONSET) + rng.choice(VOWEL) + rng.choice(CODA)
            name = part() + " " + part()
        else:
            name = rng.choice(FIRST) + " " + rng.choice(LAST)
        if (bucket(name) == 0) == held:
            return name


def make_order(rng, held):
    while True:
        digits = "".join(rng.choice("0123456789") for _ in range(rng.choice([4, 5, 5, 6])))
        letter = rng.choice("ABCDEFGHKLMNPRSTVWXYZ")
        order = rng.choice([digits, digits, "#" + digits, letter + digits, letter + "-" + digits])
        if (bucket(order) == 0) == held:
            return order


def choose_slots(rng):
    """The fillers for one text; the thing and the device stay the same in all its sentences."""
    return dict(FILL, item=rng.choice(ITEMS), device=rng.choice(FILL["device"]))


def draw(rng, templates, held, slots):
    """One expanded template from the wanted side of the split."""
    while True:
        text = expand(rng, rng.choice(templates), slots)
        if (bucket(text) == 0) == held:
            return text


def make_ticket(rng, held=False, full=False, strange=0.0, brief=False):
    """-> dict(text, category, urgency, name, order).
    full: the name and the order number are always in the text; brief: fewer extras."""
    category, urgency = rng.choice(CATEGORIES), rng.choice(URGENCIES)
    name, order = make_name(rng, held, strange), make_order(rng, held)
    extra = (lambda chance: rng.random() < chance * 0.3) if brief else (lambda chance: rng.random() < chance)
    slots = choose_slots(rng)
    lines = [draw(rng, BODY[category], held, slots)]
    if extra(0.3):
        other = rng.choice(CATEGORIES)
        banned = SIDE_NOT.get((category, other), ())
        allowed = [s for i, s in enumerate(SIDE[other]) if i not in banned]
        if allowed:
            lines.insert(rng.choice([0, 1]), expand(rng, rng.choice(allowed), slots))
    if full or extra(0.4):
        lines.insert(rng.randint(0, len(lines)), rng.choice(ORDER).replace("{order}", order))
    if urgency != "normal" or extra(0.6):
        hint = draw(rng, URGENCY[urgency], held, slots)
        lines.insert(0 if rng.random() < 0.15 else len(lines) if rng.random() < 0.8 else 1, hint)
    if extra(0.25):
        lines.insert(0, rng.choice(NOISE))
    named, signed = full or extra(0.3), rng.random() < 0.6
    if named and not signed:
        lines.insert(0, rng.choice(INTRO).replace("{name}", name))
    if extra(0.5):
        lines.insert(0, rng.choice(GREETING))
    sign = SIGN
    if extra(0.4):
        close = rng.choice(CLOSING)
        if named and signed:
            sign = SIGN[:1]
            close = close.rstrip(".!") + ","
        lines.append(close)
    if named and signed:
        lines.append(rng.choice(sign).replace("{name}", name))
    text = " ".join(upper_first(s) for s in lines)
    style = rng.random()
    if not full and style < 0.06:
        text = text.lower()
    elif style < 0.12:
        text = text.replace(". ", "! ", 1)
    elif not full and style < 0.16:
        text = text.replace(",", "")
    return {"text": text, "category": category, "urgency": urgency, "name": name, "order": order}


REVIEW = {
    "positive": [
        "[This|The] {item} is [wonderful|a joy|excellent|the best I have had].", "I [use|enjoy] [it|this {item}] every day and [love it|would buy it again].",
        "[I expected little|I had doubts], but the {item} [surprised me in the best way|turned out great].",
        "Not a single [problem|fault] with the {item} in {n} [weeks|months].", "{who} [tried|saw] my {item} and [bought one too|wants one as well].",
        "[Worth|Well worth] every [cent|penny] of the {amount}.", "The {colour} {item} looks [even better|far nicer] than in the picture.",
        "[Well made|Solid|Sturdy], easy to use and [fairly priced|good value] at {amount}.", "I [cannot|could not] imagine my [home|day] without [it|this {item}] now.",
        "After {n} [weeks|months] the {item} is still [like new|perfect|in fine shape].", "[Far from bad|Not bad at all]: the {item} [beats|outdoes] my old one.",
        "The {item} [made|has made] {who} [very happy|smile].", "[Five stars|Full marks] for this {item}[|, {who} agrees].",
        "[I recommend|I would recommend] the {item} to [anyone|everyone|{who}].",
    ],
    "negative": [
        "[This|The] {item} is [useless|a waste of money|dreadful|the worst I have had].", "It [broke|fell apart|was ruined] after {n} [days|uses].",
        "[I wanted to like|I really tried to like] the {item}, but it [failed me|let me down] [again and again|from day one].",
        "The {item} has given me nothing but [trouble|problems] for {n} [weeks|months].", "{who} [tried|saw] my {item} and [laughed|told me to throw it away].",
        "[Not worth|Far too cheap-looking for] the {amount}.", "The {colour} {item} looks nothing like the picture.",
        "[Badly made|Flimsy|Wobbly], hard to use and [overpriced|poor value] at {amount}.", "I [regret|am sorry about] [buying|ordering] this {item}.",
        "After {n} [weeks|days] the {item} was [in the bin|scrap|only good for the attic].", "[Far from good|Not good at all]: my old {item} was [better|much better].",
        "The {item} [made|has made] {who} [very angry|sad].", "[One star|Zero stars] for this {item}[|, {who} agrees].",
        "[I warn|I would warn] [anyone|everyone|{who}] against this {item}.",
    ],
    "neutral": [
        "[This|The] {item} is [average|ordinary|neither good nor bad|all right, nothing more].", "It does [what it should|its job], [no more and no less|nothing special].",
        "[I expected more|I hoped for more], but [for {amount}|for the price] the {item} is [acceptable|okay].",
        "Some things about the {item} are good, [some are not|others are not].", "{who} [likes|loves] the {item}, I [do not|am not so sure].",
        "[Fair enough|Okay] for {amount}[|, I suppose].", "The {colour} {item} looks [much like|roughly like] the picture.",
        "[Decent|Passable], [a bit plain|a little dull], and [priced as usual|priced like the others] at {amount}.",
        "I [have no strong feelings|feel neither way] about this {item}.", "After {n} [weeks|months] the {item} is [still so-so|as I expected, no better and no worse].",
        "[Neither great nor bad|Middling]: my old {item} was [about the same|much the same].", "The {item} left {who} [unmoved|shrugging].",
        "[Three stars|Half marks] for this {item}[|, {who} agrees].", "[I might|I may or may not] [buy|choose] [it|this {item}] again.",
    ],
}
REVIEW_SIDE = ["I ordered the {item} {ago}.", "I bought it for {who}.", "Delivery took {n} days.", "It is the {colour} one.",
               "I paid {amount}.", "This is for the {colour} version.", "We use it in {city}.", "Bought in {month}."]


def make_review(rng, held=False, sentiment=None):
    sentiment = sentiment or rng.choice(SENTIMENTS)
    slots = choose_slots(rng)
    lines = [draw(rng, REVIEW[sentiment], held, slots)]
    if rng.random() < 0.45:
        lines.append(draw(rng, REVIEW[sentiment], held, slots))
    if rng.random() < 0.5:
        lines.insert(rng.randint(0, len(lines)), expand(rng, rng.choice(REVIEW_SIDE), slots))
    text = " ".join(upper_first(s) for s in lines)
    if rng.random() < 0.06:
        text = text.lower()
    return {"text": text, "sentiment": sentiment}
