"""Held-out accuracy of the exported model, and the held-out requests for other engines.

    python3 evaluate.py model [items per cell]     accuracy in PyTorch, from public/models/sprout
    python3 evaluate.py stories [how many]         greedy story continuations and simple checks on them
    python3 evaluate.py wild                       two dozen tickets written by hand, not by the generator
    python3 evaluate.py say TEXT                   greedy continuation of one prompt
    python3 evaluate.py requests                   writes heldout.jsonl, heldout-expected.json, and examples/*.jsonl
    python3 evaluate.py heldout                    accuracy in PyTorch on the requests of heldout.jsonl
    python3 evaluate.py answers OUT.jsonl          the PyTorch model's answers to heldout.jsonl, as Batch results
    python3 evaluate.py score RESULTS.jsonl        accuracy per task of OpenAI Batch results for heldout.jsonl

Held-out texts use problem, urgency and review sentences, names and order numbers that training never sees
(see tickets.py). The examples inside the prompts come from the training side.
"""

import json
import os
import random
import re
import sys

import bpe
import corpus
import stories
from grammar import expand

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
FOLDER = os.path.join(ROOT, "public", "models", "sprout")

# The one instruction per task that heldout.jsonl and the examples use.
FIXED = {
    "category": "Read the support ticket and answer with its category: billing, shipping, technical, account or refund.",
    "urgency": "Read the support ticket and answer with its urgency: low, normal or high.",
    "triage": "Read the support ticket and answer with JSON that has two fields: category (billing, shipping, technical, account or refund) and urgency (low, normal or high).",
    "extract": "Read the support ticket and extract the customer name and the order number as JSON.",
    "sentiment": "Read the product review and answer with its sentiment: positive, neutral or negative.",
}
MAX_TOKENS = {"category": 8, "urgency": 8, "triage": 32, "extract": 48, "sentiment": 8}


def load_tokenizer():
    return bpe.Tokenizer.load(os.path.join(FOLDER, "tokenizer.json"))


def load_model():
    import torch
    from export import read_safetensors
    from model import Llama, Shape
    with open(os.path.join(FOLDER, "config.json")) as f:
        c = json.load(f)
    model = Llama(Shape(c["vocab_size"], c["hidden_size"], c["num_hidden_layers"], c["num_attention_heads"], c["num_key_value_heads"],
                        c["head_dim"], c["intermediate_size"], c["max_position_embeddings"], c["rope_theta"], c["rms_norm_eps"]))
    tensors = read_safetensors(os.path.join(FOLDER, "model.safetensors"))
    model.load_state_dict({n: torch.from_numpy(x.copy()) for n, x in tensors.items()})
    return model.eval()


def chat_text(system, user):
    """What the chat template makes of a system and a user message, ready for the answer."""
    return (corpus.SYSTEM + "\n" + system + corpus.END + "\n" if system else "") + corpus.USER + "\n" + user + corpus.END + "\n" + corpus.ASSISTANT + "\n"


def label_name(task):
    return "Review" if task == "sentiment" else "Ticket"


def shared_prefix(rng, task, shots, tok, limit, instruction=None):
    """Instruction and examples as one text, drawn again until it fits in `limit` tokens; with a dozen
    examples every answer value is shown at least once."""
    while True:
        items = []
        while len(items) < shots:
            item = corpus.make_item(rng, task, brief=shots == 12)
            if len(tok.encode(item[0])) < (limit - 100) / 12 - 10:
                items.append(item)
        shown = " ".join(answer for _, answer in items)
        if shots == 12 and not all(value in shown for value in all_answers(task)):
            continue
        text = "".join(t for t, _ in corpus.system_text(rng, task, items, label_name(task), "Answer", instruction))
        if len(tok.encode(text)) <= limit:
            return text


def all_answers(task):
    import tickets
    return {"category": tickets.CATEGORIES, "urgency": tickets.URGENCIES, "sentiment": tickets.SENTIMENTS,
            "triage": tickets.CATEGORIES + tickets.URGENCIES, "extract": []}[task]


def prompt_parts(task, form, prefix, text):
    """-> (shared beginning, rest, text after the answer)"""
    if form == "chat":
        head = corpus.SYSTEM + "\n" + prefix + corpus.END + "\n"
        return head, chat_text("", text), corpus.END
    return prefix, "\n\n%s: %s\nAnswer:" % (label_name(task), text), "\n"


def exact(model, tok, head, cases):
    """cases: [(rest of the prompt, answer text with its end)]. True where greedy decoding gives exactly the answer:
    that is so when every answer token is the most likely one after the right tokens before it, so one pass is enough."""
    import torch
    with torch.no_grad():
        past = model.empty_past()
        model(torch.tensor([tok.encode(head)]), past)
        rows = [(tok.encode(rest), tok.encode(answer)) for rest, answer in cases]
        width = max(len(a) + len(b) for a, b in rows)
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        for i, (a, b) in enumerate(rows):
            ids[i, :len(a) + len(b)] = torch.tensor(a + b)
        wide = [[k.expand(len(rows), -1, -1, -1), v.expand(len(rows), -1, -1, -1)] for k, v in past]
        best = model.logits(model(ids, wide)).argmax(-1)
        return [best[i, len(a) - 1:len(a) + len(b) - 1].tolist() == b for i, (a, b) in enumerate(rows)]


def evaluate(count=400):
    tok, model = load_tokenizer(), load_model()
    rng = random.Random(77)
    print("task        form  examples  right / asked")
    for task in corpus.TASKS:
        for form in ["chat", "raw"]:
            for shots in [12, 4, 0]:
                right = asked = 0
                while asked < count:
                    prefix = shared_prefix(rng, task, shots, tok, 820)
                    items = [corpus.make_item(rng, task, held=True) for _ in range(min(40, count - asked))]
                    parts = [prompt_parts(task, form, prefix, text) for text, _ in items]
                    cases = [(rest, (answer if form == "chat" else " " + answer) + stop) for (_, rest, stop), (_, answer) in zip(parts, items)]
                    result = exact(model, tok, parts[0][0], cases)
                    right, asked = right + sum(result), asked + len(result)
                    if "-v" in sys.argv:
                        for ok, (text, answer) in zip(result, items):
                            if not ok:
                                print("   miss:", answer, "|", text)
                print("%-11s %-5s %8d  %5d / %d = %.1f %%" % (task, form, shots, right, asked, 100 * right / asked), flush=True)


# Tickets written by hand, outside the grammar: (text, category, urgency).
WILD = [
    ("I see the same $20 payment on my card statement two times. Please fix it this week.", "billing", "normal"),
    ("My invoice lists a fee that nobody told me about. No rush, I am just wondering.", "billing", "low"),
    ("You took the money for the yearly plan although I chose monthly. My bank closes in an hour, so please hurry!", "billing", "high"),
    ("Hi, could you send me a receipt with our company name on it? Any time next month is fine.", "billing", "low"),
    ("Why is my bill for March higher than the one for February?", "billing", "normal"),
    ("The parcel should have been here on Monday and it still has not come. The birthday is tonight!", "shipping", "high"),
    ("The courier left my package at the wrong house.", "shipping", "normal"),
    ("Tracking has not moved for a week. Could you check where the box is in the next few days?", "shipping", "normal"),
    ("When will my bookshelf be delivered? It can wait, I am on holiday until June.", "shipping", "low"),
    ("Please send my order to Lyon instead of Porto. It leaves today, so this is urgent.", "shipping", "high"),
    ("The app closes by itself as soon as I open the calendar.", "technical", "normal"),
    ("I get error 404 on the report screen and my talk starts in ten minutes, please help right now.", "technical", "high"),
    ("After the update the photo gallery is empty. There is no hurry, I can use my old phone.", "technical", "low"),
    ("Your server does not answer any request since this morning and all our work has stopped.", "technical", "high"),
    ("The editor loads very slowly on my tablet. Please have a look this week.", "technical", "normal"),
    ("I forgot my password and I need to log in today, my exam is tomorrow.", "account", "high"),
    ("How can I delete my profile? Take your time.", "account", "low"),
    ("I would like to change the email address that I use to sign in.", "account", "normal"),
    ("Somebody from another country logged in to my account. Please lock it immediately!", "account", "high"),
    ("Can you tell me how to add a colleague to our team? I hope for an answer by Friday.", "account", "normal"),
    ("The kettle broke after two days and I want my money back.", "refund", "normal"),
    ("I sent the boots back last week. When do I get my money? No pressure, whenever you have time.", "refund", "low"),
    ("These gloves are too small, how do I return them? Thanks for checking this week.", "refund", "normal"),
    ("I want a full refund for the cancelled course, and I need the money today to pay my rent.", "refund", "high"),
]


def wild():
    """The hand-written tickets, greedily, behind a chat prompt with a dozen examples."""
    tok, model = load_tokenizer(), load_model()
    prefix = shared_prefix(random.Random(48), "triage", 12, tok, 760, FIXED["triage"])
    right = [0, 0, 0]
    for text, category, urgency in WILD:
        answer, _ = generate(model, tok, chat_text(prefix, text), 32)
        try:
            have = json.loads(answer)
        except ValueError:
            have = {}
        a, b = have.get("category") == category, have.get("urgency") == urgency
        right = [right[0] + a, right[1] + b, right[2] + (a and b)]
        print("%s %s  %s  <- %s" % ("ok  " if a and b else "MISS", answer, "" if a and b else category + " " + urgency, text))
    print("of %d hand-written tickets: category %d, urgency %d, both %d" % (len(WILD), *right))


def generate(model, tok, prompt, limit, stop_text=None):
    """Greedy continuation, up to an end token, the stop text or the limit. -> (text, ended by itself)"""
    import torch
    out, stop = [], {tok.id[corpus.EOT], tok.id[corpus.END]}
    with torch.no_grad():
        past = model.empty_past()
        ids = tok.encode(prompt)
        while len(out) < limit:
            token = int(model.logits(model(torch.tensor([ids]), past)[:, -1]).argmax())
            if token in stop:
                return tok.decode(out), True
            out.append(token)
            ids = [token]
            if stop_text and stop_text in tok.decode(ids):
                return tok.decode(out).split(stop_text)[0], True
    return tok.decode(out), False


def sentences(text):
    return re.split(r"(?<=[.!?]) (?=[A-Z\"])|(?<=[.!?]\") (?=[A-Z])", text)


def check_stories(count=60):
    """Held-out openings continued greedily. Counts the stories that end by themselves, that have exactly
    two named persons with the hero among them (one name means that the friend got the hero's name; nor may anybody give a thing to himself), and whose things (lost kite, boat ...) stay the same thing."""
    tok, model = load_tokenizer(), load_model()
    rng, names = random.Random(5), set(stories.SHE + stories.HE)
    ended = people = things = all_three = 0
    for i in range(count):
        text = stories.make_story(rng, held=True)[0]
        prompt = " ".join(sentences(text)[:1 + i % 3])
        rest, end = generate(model, tok, prompt, 320)
        whole = prompt + rest
        found = {n for n in names if re.search(r"\b%s\b" % n, whole)}
        itself = any(re.search(r"\b%s (lent|gave|told|for) %s\b|named %s\b.*named %s\b" % (n, n, n, n), whole) for n in names)
        a = len(found) == 2 and not itself and all(n in rest for n in names if re.search(r"\b%s\b" % n, prompt.split(".")[0]))
        b = sum(t in whole for t in stories.THINGS) <= 1
        ended, people, things, all_three = ended + end, people + a, things + b, all_three + (end and a and b)
        if i < 6 or "-v" in sys.argv and not (end and a and b):
            print("> %s\n%s\n  [ended %s, persons %s, one thing %s]\n" % (prompt, rest, end, a, b))
    print("of %d stories: %d end by themselves, %d keep their persons, %d keep to one thing, %d all three" % (count, ended, people, things, all_three))


def request(custom_id, form, task, prefix, text):
    """One OpenAI Batch line."""
    body = {"model": "sprout"}
    if form == "chat":
        url = "/v1/chat/completions"
        body["messages"] = [{"role": "system", "content": prefix}, {"role": "user", "content": text}]
    else:
        url = "/v1/completions"
        body["prompt"] = prefix + prompt_parts(task, "raw", "", text)[1]
        body["stop"] = ["\n"]
    body.update(max_tokens=MAX_TOKENS[task], temperature=0)
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body}


def write_lines(path, rows):
    with open(path, "w", encoding="utf-8") as f:
        for row in rows:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_requests(per_form=40):
    """80 requests a task, half chat and half plain completions, each half behind one shared dozen-example prefix."""
    tok, rng = load_tokenizer(), random.Random(2024)
    lines, expected, used = [], {}, set()
    for task in corpus.TASKS:
        for form in ["chat", "raw"]:
            prefix = shared_prefix(rng, task, 12, tok, 820, FIXED[task])
            i = 0
            while i < per_form:
                text, answer = corpus.make_item(rng, task, held=True)
                if text in used:
                    continue
                used.add(text)
                custom_id = "%s-%s-%02d" % (task, form, i)
                lines.append(request(custom_id, form, task, prefix, text))
                expected[custom_id] = json.loads(answer) if answer[0] == "{" else answer
                i += 1
    write_lines(os.path.join(HERE, "heldout.jsonl"), lines)
    with open(os.path.join(HERE, "heldout-expected.json"), "w") as f:
        f.write("{\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in expected.items()) + "\n}\n")

    rng = random.Random(48)
    prefix = shared_prefix(rng, "triage", 12, tok, 760, FIXED["triage"])
    demo = []
    while len(demo) < 48:
        text, _ = corpus.make_item(rng, "triage", held=True)
        if text not in used and text != text.lower():
            used.add(text)
            demo.append(request("ticket-%02d" % (len(demo) + 1), "chat", "triage", prefix, text))
    folder = os.path.join(ROOT, "examples")
    os.makedirs(folder, exist_ok=True)
    write_lines(os.path.join(folder, "tickets.jsonl"), demo)
    openings, rng = [], random.Random(12)
    while len(openings) < 12:  # the beginning of a held-out story, up to the sentence that names the second person
        story = stories.make_story(rng, held=True)[0]
        for end in range(1, 4):
            opening = " ".join(sentences(story)[:end])
            named = {n for n in stories.SHE + stories.HE if re.search(r"\b%s\b" % n, opening)}
            if len(named) == 2 and (story.startswith("Once") or len(openings) > 7):
                openings.append(opening)
                break
    write_lines(os.path.join(folder, "stories.jsonl"), [{"prompt": p} for p in openings])
    print(len(lines), "held-out requests,", len(demo), "demo tickets,", len(openings), "story openings")


def evaluate_requests():
    """PyTorch accuracy on the very requests of heldout.jsonl, those behind one prefix together."""
    tok, model, groups = load_tokenizer(), load_model(), {}
    with open(os.path.join(HERE, "heldout-expected.json")) as f:
        expected = json.load(f)
    with open(os.path.join(HERE, "heldout.jsonl"), encoding="utf-8") as f:
        for r in map(json.loads, f):
            task, form, _ = r["custom_id"].split("-")
            want = expected[r["custom_id"]]
            answer = want if isinstance(want, str) else json.dumps(want)
            if form == "chat":
                system, user = (m["content"] for m in r["body"]["messages"])
                head, rest, stop = prompt_parts(task, form, system, user)
            else:
                head, rest = r["body"]["prompt"].rsplit("\n\n", 1)
                rest, answer, stop = "\n\n" + rest, " " + answer, "\n"
            groups.setdefault((task, form, head), []).append((rest, answer + stop))
    for (task, form, head), cases in groups.items():
        result = exact(model, tok, head, cases)
        print("%-11s %-5s %5d / %d = %.1f %%" % (task, form, sum(result), len(result), 100 * sum(result) / len(result)), flush=True)


def write_answers(path):
    """Greedy answers of the PyTorch model to heldout.jsonl, as OpenAI Batch results."""
    tok, model, rows = load_tokenizer(), load_model(), []
    with open(os.path.join(HERE, "heldout.jsonl"), encoding="utf-8") as f:
        for r in map(json.loads, f):
            b = r["body"]
            if "messages" in b:
                text, _ = generate(model, tok, chat_text(*[m["content"] for m in b["messages"]]), b["max_tokens"])
                choice = {"index": 0, "message": {"role": "assistant", "content": text}}
            else:
                text, _ = generate(model, tok, b["prompt"], b["max_tokens"], b["stop"][0])
                choice = {"index": 0, "text": text}
            rows.append({"custom_id": r["custom_id"], "response": {"status_code": 200, "body": {"choices": [choice]}}, "error": None})
    write_lines(path, rows)


def answer_of(row):
    choice = row["response"]["body"]["choices"][0]
    return (choice["message"]["content"] if "message" in choice else choice["text"]).strip()


def score(path):
    """Prints right / asked per task and form; a missing or failed answer counts as wrong."""
    with open(os.path.join(HERE, "heldout-expected.json")) as f:
        expected = json.load(f)
    got = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip():
                row = json.loads(line)
                try:
                    got[row["custom_id"]] = answer_of(row)
                except (KeyError, TypeError, IndexError):
                    got[row["custom_id"]] = None
    table = {}
    for custom_id, want in expected.items():
        task, form, _ = custom_id.split("-")
        have = got.get(custom_id)
        if isinstance(want, dict) and have is not None:
            try:
                have = json.loads(have)
            except ValueError:
                pass
        for key in [(task, form), (task, "both")]:
            cell = table.setdefault(key, [0, 0, 0])
            cell[0] += have == want
            cell[1] += 1
            cell[2] += have is None
    print("task        form  right / asked")
    for (task, form), (right, asked, missing) in table.items():
        print("%-11s %-5s %5d / %d = %.1f %%%s" % (task, form, right, asked, 100 * right / asked, "  (%d without an answer)" % missing if missing else ""))


if __name__ == "__main__":
    command, rest = sys.argv[1], [a for a in sys.argv[2:] if a != "-v"]
    if command == "model":
        evaluate(*map(int, rest))
    elif command == "stories":
        check_stories(*map(int, rest))
    elif command == "wild":
        wild()
    elif command == "say":
        print(generate(load_model(), load_tokenizer(), rest[0].replace("\\n", "\n"), 400)[0])
    elif command == "requests":
        write_requests()
    elif command == "heldout":
        evaluate_requests()
    elif command == "answers":
        write_answers(rest[0])
    elif command == "score":
        score(rest[0])
    else:
        sys.exit(__doc__)
