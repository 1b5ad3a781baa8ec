"""The training text of sprout: documents made of (text, loss weight) pieces.

    python3 corpus.py [seed] [how many]      prints sample documents

Kinds of documents: stories (raw and chat), the five labelling tasks (raw and chat, 0 to 12 examples),
and small copying exercises that teach the model early to look things up in its context.
"""

import json
import random
import re
import sys

import stories
import tickets
from grammar import expand

EOT, SYSTEM, USER, ASSISTANT, END, PAD = "<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"
SPECIALS = [EOT, SYSTEM, USER, ASSISTANT, END, PAD]

TASKS = ["category", "urgency", "triage", "extract", "sentiment"]
READ_WEIGHT = 0.25   # instruction and ticket text
ANSWER_WEIGHT = 4.0  # the answers, those of the examples too
STORY_WEIGHT = 1.0
AGREE_WEIGHT = 5.0   # names and things that a story told before

CATS = "[billing, shipping, technical, account, refund|billing, shipping, technical, account or refund]"
URGS = "[low, normal, high|low, normal or high]"
INSTRUCTION = {
    "category": [
        "[Read|Look at] the [support ticket|ticket|customer message] and [answer with|give|name] its category: " + CATS + ".",
        "[Classify|Label|Sort] [each|the] [support ticket|ticket|customer message][| by topic]. [The categories are|Categories|Choose one of]: " + CATS + ".",
        "[What is the|Find the] category of the [ticket|message]? [Answer with|Use] one word: " + CATS + ".",
        "You [sort|triage] [support tickets|customer messages]. [Reply|Answer] with [the category only|one category]: " + CATS + ".",
    ],
    "urgency": [
        "[Read|Look at] the [support ticket|ticket|customer message] and [answer with|give|name] its urgency: " + URGS + ".",
        "[Rate|Label|Judge] how urgent [each|the] [support ticket|ticket|customer message] is. [The levels are|Levels|Choose one of]: " + URGS + ".",
        "[What is the|Find the] urgency of the [ticket|message]? [Answer with|Use] one word: " + URGS + ".",
        "You [rank|triage] [support tickets|customer messages]. [Reply|Answer] with [the urgency only|one urgency level]: " + URGS + ".",
    ],
    "triage": [
        "[Read|Look at] the [support ticket|ticket|customer message] and answer with JSON [that has|with] two fields: category (" + CATS + ") and urgency (" + URGS + ").",
        "[Triage|Classify|Label] [each|the] [support ticket|ticket|customer message]. [Reply|Answer] [in|with] JSON[|only]: \"category\" is one of " + CATS + "; \"urgency\" is one of " + URGS + ".",
        "You triage [support tickets|customer messages]. For [each|every] one, [write|return] a JSON object with the category (" + CATS + ") and the urgency (" + URGS + ").",
    ],
    "extract": [
        "[Read|Look at] the [support ticket|ticket|customer message] and [copy|extract|pull out] the customer name and the order number as JSON.",
        "[Extract|Find|Copy] the [name|customer name] and the [order|order number] from [each|the] [support ticket|ticket|message]. [Reply|Answer] with JSON: \"name\" and \"order\".",
        "You [extract|copy] fields from [support tickets|customer messages]. [Return|Write] a JSON object with two fields, name and order.",
    ],
    "sentiment": [
        "[Read|Look at] the [review|product review] and [answer with|give|name] its sentiment: [positive, neutral, negative|positive, neutral or negative].",
        "[Classify|Label|Sort] [each|the] [review|product review][| by mood]. [The sentiments are|Choose one of]: [positive, neutral, negative|positive, neutral or negative].",
        "Is the [review|product review] [positive, neutral or negative|negative, neutral or positive]? [Answer with|Use] one word.",
    ],
}
INPUT = {task: ["Ticket", "Ticket", "Ticket", "Message", "Text"] for task in TASKS}
INPUT["sentiment"] = ["Review", "Review", "Text"]
OUTPUT = {"category": ["Answer", "Answer", "Category", "Label"], "urgency": ["Answer", "Answer", "Urgency", "Label"],
          "triage": ["Answer", "Answer", "JSON", "Output"], "extract": ["Answer", "Answer", "JSON", "Output"],
          "sentiment": ["Answer", "Answer", "Sentiment", "Label"]}


def make_item(rng, task, held=False, strange=0.0, brief=False):
    """-> (text, answer) of one labelled text."""
    if task == "sentiment":
        r = tickets.make_review(rng, held)
        return r["text"], r["sentiment"]
    t = tickets.make_ticket(rng, held, full=task == "extract", strange=strange, brief=brief)
    if task == "triage":
        return t["text"], json.dumps({"category": t["category"], "urgency": t["urgency"]})
    if task == "extract":
        return t["text"], json.dumps({"name": t["name"], "order": t["order"]})
    return t["text"], t[task]


def raw_task(rng, task, examples, strange=0.0, brief=False):
    """Instruction, then one block per text, as one plain text."""
    inp, out = rng.choice(INPUT[task]), rng.choice(OUTPUT[task])
    doc = [(expand(rng, rng.choice(INSTRUCTION[task]), {}), READ_WEIGHT)]
    for _ in range(examples + 1):
        text, answer = make_item(rng, task, strange=strange, brief=brief)
        doc += [("\n\n%s: %s\n%s:" % (inp, text, out), READ_WEIGHT), (" " + answer, ANSWER_WEIGHT)]
    return doc + [("\n" + EOT, 1.0)]


def system_text(rng, task, shots, inp=None, out=None, instruction=None):
    """The shared system message: an instruction and examples, as pieces."""
    inp, out = inp or rng.choice(INPUT[task]), out or rng.choice(OUTPUT[task])
    doc = [(instruction or expand(rng, rng.choice(INSTRUCTION[task]), {}), READ_WEIGHT)]
    for text, answer in shots:
        doc += [("\n\n%s: %s\n%s:" % (inp, text, out), READ_WEIGHT), (" " + answer, ANSWER_WEIGHT)]
    return doc


def chat_task(rng, task, examples, turns, strange=0.0, brief=False):
    """The instruction and the examples are the system message; each text is a user turn."""
    shots = [make_item(rng, task, strange=strange, brief=brief) for _ in range(examples)]
    doc = [(SYSTEM + "\n", READ_WEIGHT)] + system_text(rng, task, shots) + [(END, READ_WEIGHT)]
    for _ in range(turns):
        text, answer = make_item(rng, task, strange=strange)
        doc += [("\n" + USER + "\n" + text + END + "\n" + ASSISTANT, READ_WEIGHT), ("\n", READ_WEIGHT), (answer + END, ANSWER_WEIGHT)]
    return doc + [("\n" + EOT, READ_WEIGHT)]


PRONOUNS = set("he she his her him He She His Her himself herself".split())


def weighted_story(text, keep, told=()):
    """Cut a story so that pronouns, and names and things told before, weigh more: there a story must agree with itself."""
    told, doc = set(told) | PRONOUNS, []
    keep = keep | PRONOUNS
    names = "|".join(sorted(map(re.escape, keep), key=len, reverse=True))
    for piece in re.split(r"( ?\b(?:%s)\b)" % names, text):
        known = piece.strip() in told
        doc.append((piece, AGREE_WEIGHT if known else STORY_WEIGHT))
        if piece.strip() in keep:
            told.add(piece.strip())
    return [(t, w) for t, w in doc if t]


def story(rng):
    text, ask, keep = stories.make_story(rng)
    if rng.random() < 0.8:
        return weighted_story(text, keep) + [(EOT, STORY_WEIGHT)]
    doc = []
    if rng.random() < 0.5:
        doc = [(SYSTEM + "\n" + rng.choice(["You tell short stories.", "You are a story teller.", "You write little stories."]) + END + "\n", READ_WEIGHT)]
    doc += [(USER + "\n" + ask + END + "\n" + ASSISTANT, READ_WEIGHT), ("\n", READ_WEIGHT)]
    return doc + weighted_story(text, keep, {k for k in keep if k in ask}) + [(END, STORY_WEIGHT), ("\n" + EOT, READ_WEIGHT)]


def copying(rng):
    """Short exercises whose answers can only come from the context."""
    pick = rng.random()
    name = lambda: tickets.make_name(rng, False, 0.6)
    order = lambda: tickets.make_order(rng, False)
    if pick < 0.5:  # a list told again, once or twice
        line = ", ".join(rng.choice([name, order])() for _ in range(rng.randint(2, 12)))
        again = [("\nCopy:", READ_WEIGHT), (" " + line, ANSWER_WEIGHT)] * rng.choice([1, 2])
        return [("Copy this.\n" + line, READ_WEIGHT)] + again + [("\n" + EOT, 1.0)]
    if pick < 0.7:  # look a person's number up
        pairs = [(name(), order()) for _ in range(rng.randint(2, 5))]
        doc = [(" ".join("%s has order %s." % p for p in pairs), READ_WEIGHT)]
        for who, what in rng.sample(pairs, min(len(pairs), 3)):
            doc += [("\nOrder of %s:" % who, READ_WEIGHT), (" " + what, ANSWER_WEIGHT)]
        return doc + [("\n" + EOT, 1.0)]
    doc = []  # a sentence to JSON, several in a row
    for _ in range(rng.randint(1, 4)):
        who, what = name(), order()
        parts = [rng.choice(tickets.INTRO + tickets.SIGN).replace("{name}", who), rng.choice(tickets.ORDER).replace("{order}", what)]
        rng.shuffle(parts)
        doc += [(("\n\n" if doc else "") + "Text: " + " ".join(parts) + "\nJSON:", READ_WEIGHT), (" " + json.dumps({"name": who, "order": what}), ANSWER_WEIGHT)]
    return doc + [("\n" + EOT, 1.0)]


TASK_SHARE = [0.1, 0.15, 0.3, 0.35, 0.1]  # category, urgency, triage, extract, sentiment


def document(rng, length=512, copy_share=0.05, story_share=0.3):
    """One document of at most about `length` tokens."""
    pick = rng.random()
    if pick < copy_share:
        return copying(rng)
    if pick < copy_share + story_share:
        return story(rng)
    task = rng.choices(TASKS, TASK_SHARE)[0]
    brief = rng.random() < 0.3
    size = {"sentiment": 40, "extract": 82 if brief else 105}.get(task, 60 if brief else 78)  # tokens an example
    most = min(12, length // size)
    examples = rng.choice([0, rng.randint(0, most), rng.randint(0, most), most])
    if length > 900 and rng.random() < 0.7:  # room for a dozen: use it
        examples = most
    strange = rng.choice([0.0, 0.5])
    if rng.random() < 0.5:
        return raw_task(rng, task, examples, strange, brief)
    return chat_task(rng, task, examples, rng.choice([1, 1, 2]), strange, brief)


def text_of(doc):
    return "".join(t for t, _ in doc)


if __name__ == "__main__":
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 5):
        print(text_of(document(rng)), end="\n\n" + "=" * 60 + "\n\n")
