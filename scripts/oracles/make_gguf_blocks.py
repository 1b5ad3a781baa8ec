"""Writes test/fixtures/ggml/more-blocks.json: blocks of formats that make_ggml_blocks.py has not, and what gguf-py reads.

Their fields are seeded bytes, but for scales, which are of a model's size: gguf-py reads all formats and writes few.
pip install gguf (0.17 or later), then: python scripts/oracles/make_gguf_blocks.py
"""

import base64
import json
import pathlib

import gguf
import numpy as np

OUT = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "ggml" / "more-blocks.json"
# where a block has its f16 scales
SCALES = {"Q2_K": (80, 82), "Q3_K": (108,), "IQ4_NL": (0,), "IQ4_XS": (0,), "TQ1_0": (52,), "TQ2_0": (64,), "MXFP4": ()}
NUM_BLOCKS = 5


def main():
    blocks = []
    for name, places in SCALES.items():
        kind = gguf.GGMLQuantizationType[name]
        _, size = gguf.GGML_QUANT_SIZES[kind]
        random = np.random.default_rng(7)
        packed = random.integers(0, 256, (NUM_BLOCKS, size), dtype=np.uint8)
        for place in places:
            scales = random.uniform(0.001, 0.02, (NUM_BLOCKS, 1)).astype(np.float16)
            packed[:, place : place + 2] = scales.view(np.uint8)
        if name == "MXFP4":
            packed[:, 0] = random.integers(112, 126, NUM_BLOCKS)
        values = gguf.dequantize(packed, kind).astype(np.float32)
        blocks.append({"name": name, "type": int(kind), "blocks": text(packed), "values": text(values)})
    OUT.write_text(json.dumps(blocks) + "\n")


def text(array):
    return base64.b64encode(array.tobytes()).decode()


if __name__ == "__main__":
    main()
