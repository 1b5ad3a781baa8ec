"""Writes test/fixtures/tokenizers.json: the ids that Hugging Face's own library in Rust (package `tokenizers` 0.23)
gives for the texts of test/tokenizer/corpus.ts and the tokenizers of test/tokenizer/kinds.ts, as a hash per text.

Run in the repository's root where the package is installed: python3 scripts/oracles/make_tokenizer_fixtures.py
"""

import hashlib
import json
import pathlib
import subprocess
import tempfile

from tokenizers import Tokenizer

OUT = pathlib.Path("test/fixtures/tokenizers.json")


def hash_of(ids):
    return hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()[:8]


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["node", "scripts/oracles/write-tokenizers.mjs", folder], check=True)
    texts = json.loads(pathlib.Path(folder, "texts.json").read_text())
    kinds = json.loads(pathlib.Path(folder, "kinds.json").read_text())

hashes = {}
for kind in kinds:
    tokenizer = Tokenizer.from_str(json.dumps(kind["json"]))
    hashes[kind["name"]] = [hash_of(tokenizer.encode(text).ids) for text in texts]
OUT.write_text(json.dumps(hashes, ensure_ascii=False, indent=1) + "\n")
