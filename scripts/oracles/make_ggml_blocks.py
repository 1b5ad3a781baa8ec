"""Writes test/fixtures/ggml/blocks.json: seeded numbers as ggml quantises them, and what it reads back.

ggml's shared library comes with node-llama-cpp, which is not a dependency of this project; install it elsewhere:
npm install --prefix DIR --ignore-scripts node-llama-cpp
/usr/bin/python3 scripts/oracles/make_ggml_blocks.py DIR/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64
"""

import base64
import ctypes
import json
import pathlib
import sys

import numpy as np

import seeded_weights

OUT = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "ggml" / "blocks.json"
# ggml's numbers of its formats
FORMATS = {"q4_0": 2, "q4_1": 3, "q5_0": 6, "q5_1": 7, "q8_0": 8, "q4_K": 12, "q5_K": 13, "q6_K": 14}
ROW_LEN, NUM_ROWS = 256, 3


def numbers():
    """[NUM_ROWS * ROW_LEN] f32: bell-shaped, each run of 32 with a size and a centre of its own, as weights have them."""
    count = ROW_LEN * NUM_ROWS
    uniform = lambda name, n: seeded_weights.values(7, seeded_weights.Tensor(name, (n,), 0.0, 2.0**-7))
    bell = sum(uniform(f"part {i}", count) for i in range(4))
    sizes = np.exp2(3 * uniform("sizes", count // 32)).repeat(32)
    centres = uniform("centres", count // 32).repeat(32)
    return ((bell + centres) * sizes * 0.02).astype(np.float32)


def main():
    library = ctypes.CDLL(str(pathlib.Path(sys.argv[1]) / "libggml-base.so"))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_row_size.restype = ctypes.c_size_t
    values = numbers()
    address = lambda array: array.ctypes.data_as(ctypes.c_void_p)
    blocks = []
    for name, number in FORMATS.items():
        size = library.ggml_row_size(number, ctypes.c_int64(ROW_LEN)) * NUM_ROWS
        packed, read = np.zeros(size, np.uint8), np.zeros_like(values)
        rows = [ctypes.c_int64(n) for n in (0, NUM_ROWS, ROW_LEN)]
        written = library.ggml_quantize_chunk(number, address(values), address(packed), *rows, None)
        assert written == size, (name, written, size)
        getattr(library, f"dequantize_row_{name}")(address(packed), address(read), ctypes.c_int64(values.size))
        error = float(np.sqrt(np.mean((read - values) ** 2) / np.mean(values**2)))
        print(f"{name}: {size} bytes, relative error {error:.4f}")
        blocks.append({"name": name.upper(), "type": number, "blocks": text(packed), "values": text(read)})
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(blocks) + "\n")


def text(array):
    return base64.b64encode(array.tobytes()).decode()


if __name__ == "__main__":
    main()
