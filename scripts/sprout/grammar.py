"""A tiny text grammar: `[a|b|c]` picks one branch (may nest), `{slot}` fills in a value."""

import hashlib
import re

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_A = re.compile(r"\b([Aa]) (?=[aeiouAEIOU])(?!one\b|use|uni|usu|eu)")


def expand(rng, text, slots):
    """Resolve every choice and slot. A slot value may be a string, a list or a function of rng;
    a list or function value is drawn once per call and kept, so that a text agrees with itself."""
    while True:
        hit = _CHOICE.search(text)
        if not hit:
            break
        text = text[:hit.start()] + rng.choice(hit.group(1).split("|")) + text[hit.end():]
    drawn = {}

    def fill(match):
        key = match.group(1)
        if key not in drawn:
            value = slots[key]
            if callable(value):
                value = value(rng)
            elif not isinstance(value, str):
                value = rng.choice(value)
            drawn[key] = value
        return drawn[key]

    while "{" in text:
        text = _SLOT.sub(fill, text)
    return _A.sub(r"\1n ", text)


def bucket(text, of=8):
    """A stable number 0..of-1 for a text; bucket 0 is what training never sees."""
    return hashlib.sha256(text.encode()).digest()[0] % of


def upper_first(text):
    return text[:1].upper() + text[1:]
