"""Writes test/fixtures/patterns.json: how Hugging Face's own library in Rust (package `tokenizers` 0.23), which asks
Oniguruma, cuts texts at the matches of patterns: what it keeps between them, and the pieces with the matches themselves.
Null for a pattern that Oniguruma refuses.

Run in the repository's root where the package is installed: python3 scripts/oracles/make_pattern_fixtures.py
"""

import json
import pathlib

from tokenizers import Regex, pre_tokenizers

OUT = pathlib.Path("test/fixtures/patterns.json")

TEXTS = [
    "", "a", "ab", "ba", "a\nb\n", "  \n\n a", "aaab", "abab12", "x\u00e9\u6728a", "A B\r\n", "a\n\nb", "\u00b2x_1",
    "aXbK\u212a s\u017f", "\n", "b\n\n", "\ufeff\u0085 \u3000a", "$a!\u20ac", "it's IT'S \u2019s 'LL", "\U0001f331a\U0001f331",
]  # fmt: skip

PATTERNS = [
    # possession and atoms
    r"\s++$", r"a?+", r"a*+b", r"(?>\s+)$", r"(?>a|ab)b", r"a++ab", r"[ab]++", r"(?:ab)++", r"\s*+[\r\n]", r"a{1,2}+", r"a{2}+b",
    # repetitions in Ruby's way
    r"a{2}?", r"a{,2}", r"a{1,}", r"a{1,2}?", r"a{x}", r"a{,}", r"a+?b", r"a??b", r"\p{N}{1,3}+",
    # lines and places
    r"^", r"$", r"\A", r"\z", r"\Z", r"^a", r"b$", r"\b", r"\B", r"\n^", r"\n$", r"\s+$", r"(?<=a)b", r"(?<!a)b", r"(?<=a|\n)\S",
    # classes
    r"\h", r"\H+", r"\w+", r"[\w]+", r"\W", r"\d", r"\s", r"\S+", r"\R", r"[[:alpha:]]+", r"[[:punct:]]", r"[[:^alpha:]]",
    r"[[:digit:]]", r"[[:space:]]", r"[[:upper:]]", r"[[:xdigit:]]+", r"[[:graph:]]+", r"[[:print:]]+", r"[[:blank:]]",
    r"[[:word:]]+", r"[[:cntrl:]]", r"[a-c&&[^b]]", r"[^a-c&&[^b]]", r"[a[bx]]+", r"[^a[bx]]", r"[]a]", r"[a-]", r"[-a]",
    r"[\w&&[^\d]]+", r"\p{Han}", r"\p{han}", r"\p{^L}", r"\P{L}", r"\P{^L}", r"\p{Lu}", r"\p{Alpha}", r"\p{Punct}", r"[\p{^L}a]",
    r"\x61", r"\x{62}", r"\u0061", r"\t|\n", r".", r"(?m:.)+", r".+",
    # case
    r"(?i:a)", r"(?i:'s|'t|'ll)", r"(?i)a|b", r"x(?i)b|a", r"(?i:k)", r"(?i:[a-k])", r"(?i:a(?-i:b))", r"(?i:x|\u00e9)",
    # groups
    r"(a)(b)", r"(?<n>a)b", r"(?#c)a", r"(?:)", r"", r"a||b", r"(?=b)", r"(?!a)", r"a(?!b)",
]  # fmt: skip


def cut(pattern):
    try:
        ways = [pre_tokenizers.Split(Regex(pattern), way, False) for way in ("removed", "isolated")]
    except BaseException:  # a panic in Rust is no Exception
        return None
    return [[[piece for piece, _ in way.pre_tokenize_str(text)] for way in ways] for text in TEXTS]


result = {"texts": TEXTS, "patterns": {pattern: cut(pattern) for pattern in PATTERNS}}
OUT.write_text(json.dumps(result, ensure_ascii=True, indent=None, separators=(",", ":")) + "\n")
