"""Byte-level BPE: trainer, encoder, decoder, and the Hugging Face tokenizer.json.

    python3 bpe.py OUT.json [vocabulary size]     trains on generated text and writes OUT.json

Digits never take part in a merge, so every digit is its own token and numbers copy digit by digit.
"""

import collections
import heapq
import json
import random
import sys
import unicodedata

SPACE = set("\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | {chr(c) for c in range(0x2000, 0x200b)}
SUFFIXES = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")


def byte_letters():
    """A printable character for each byte: printable bytes stand for themselves, the others
    are moved up past 255 in order. (The mapping that byte-level BPE files use.)"""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {b: chr(b) for b in keep}, 256
    for b in range(256):
        if b not in table:
            table[b] = chr(extra)
            extra += 1
    return table


LETTER = byte_letters()
BYTE = {c: b for b, c in LETTER.items()}


def kind(c):
    if c in SPACE:
        return "s"
    return {"L": "l", "N": "n"}.get(unicodedata.category(c)[0], "o")


def words(text):
    """Cut a text into pieces: an English suffix ('s, 'll ...), or one run of letters, digits or other
    signs with at most one space before it, or a run of spaces (which leaves its last one to the next piece)."""
    out, i, n = [], 0, len(text)
    kinds = [kind(c) for c in text]
    while i < n:
        if text[i] == "'":
            hit = next((s for s in SUFFIXES if text.startswith(s, i)), None)
            if hit:
                out.append(hit)
                i += len(hit)
                continue
        j = i + 1 if text[i] == " " and i + 1 < n and kinds[i + 1] != "s" else i
        if kinds[j] != "s":
            k = j
            while k < n and kinds[k] == kinds[j]:
                k += 1
        else:
            k = i
            while k < n and kinds[k] == "s":
                k += 1
            if k < n and k - i > 1:
                k -= 1
        out.append(text[i:k])
        i = k
    return out


def letters(word):
    return [LETTER[b] for b in word.encode()]


def train(counts, merges_wanted):
    """counts: piece -> how often. Repeatedly joins the most frequent neighbouring pair."""
    seqs = [(letters(w), c) for w, c in sorted(counts.items())]
    pair_count, where = collections.Counter(), collections.defaultdict(set)
    allowed = lambda a, b: not any(ch.isdigit() and ch.isascii() for ch in a + b)
    for i, (seq, c) in enumerate(seqs):
        for pair in zip(seq, seq[1:]):
            pair_count[pair] += c
            where[pair].add(i)
    heap = [(-c, pair) for pair, c in pair_count.items() if allowed(*pair)]
    heapq.heapify(heap)
    merges = []
    while heap and len(merges) < merges_wanted:
        c, pair = heapq.heappop(heap)
        if pair_count[pair] != -c or c == 0:
            if pair_count[pair] > 0:
                heapq.heappush(heap, (-pair_count[pair], pair))
            continue
        merges.append(pair)
        changed = set()
        for i in where.pop(pair):
            seq, c = seqs[i]
            for p in zip(seq, seq[1:]):
                pair_count[p] -= c
            join(seq, pair)
            for p in zip(seq, seq[1:]):
                pair_count[p] += c
                where[p].add(i)
                changed.add(p)
        pair_count[pair] = 0
        for p in changed:
            if allowed(*p):
                heapq.heappush(heap, (-pair_count[p], p))
    return merges


def join(seq, pair):
    """Replace every occurrence of the pair in seq, left to right, in place."""
    i, out = 0, []
    while i < len(seq):
        if i + 1 < len(seq) and (seq[i], seq[i + 1]) == pair:
            out.append(seq[i] + seq[i + 1])
            i += 2
        else:
            out.append(seq[i])
            i += 1
    seq[:] = out


class Tokenizer:
    def __init__(self, specials, merges):
        self.specials = list(specials)
        self.merges = [tuple(m) for m in merges]
        self.rank = {m: i for i, m in enumerate(self.merges)}
        tokens = self.specials + [LETTER[b] for b in range(256)] + [a + b for a, b in self.merges]
        self.id = {t: i for i, t in enumerate(tokens)}
        self.token = tokens
        self.cache = {}

    def encode_word(self, word):
        ids = self.cache.get(word)
        if ids is None:
            seq = letters(word)
            while len(seq) > 1:
                best = min(zip(seq, seq[1:]), key=lambda p: self.rank.get(p, 1 << 30))
                if best not in self.rank:
                    break
                join(seq, best)
            ids = [self.id[t] for t in seq]
            if len(self.cache) < 200000:
                self.cache[word] = ids
        return ids

    def encode(self, text):
        out = []
        while text:
            at, special = min(((text.find(s), s) for s in self.specials if s in text), default=(len(text), ""), key=lambda h: h[0])
            for word in words(text[:at]):
                out += self.encode_word(word)
            if special:
                out.append(self.id[special])
            text = text[at + len(special):]
        return out

    def decode(self, ids, skip_special=False):
        data = bytearray()
        for i in ids:
            if i < len(self.specials):
                data += b"" if skip_special else self.specials[i].encode()
            else:
                data += bytes(BYTE[c] for c in self.token[i])
        return data.decode("utf-8", "replace")

    def save(self, path):
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        added = [{"id": i, "content": s, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
                 for i, s in enumerate(self.specials)]
        data = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
                "pre_tokenizer": level, "post_processor": None, "decoder": level,
                "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                          "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": self.id,
                          "merges": [a + " " + b for a, b in self.merges]}}
        with open(path, "w", encoding="utf-8") as f:
            json.dump(data, f, ensure_ascii=False, indent=1)
            f.write("\n")

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as f:
            data = json.load(f)
        return cls([t["content"] for t in data["added_tokens"]], [m.split(" ") for m in data["model"]["merges"]])


if __name__ == "__main__":
    import corpus
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 2048
    rng = random.Random(20)
    counts = collections.Counter()
    for _ in range(6000):
        text = corpus.text_of(corpus.document(rng, 512))
        for s in corpus.SPECIALS:
            text = text.replace(s, " ")
        counts.update(words(text))
    merges = train(counts, size - 256 - len(corpus.SPECIALS))
    tok = Tokenizer(corpus.SPECIALS, merges)
    tok.save(sys.argv[1])
    print(len(tok.token), "tokens;", len(counts), "different pieces;", "last merges:", merges[-5:])
