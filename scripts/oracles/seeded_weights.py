"""The seeded checkpoints of test/support/seeded-weights.ts, value for value. numpy only."""

from typing import NamedTuple

import numpy as np

ELEMENT_STEP = 0x9E3779B9


class Tensor(NamedTuple):
    """A tensor of a checkpoint, and how its values come from hashed bytes: offset + (byte - 128) * scale."""

    name: str
    shape: tuple
    offset: float
    scale: float


def matrix(name, out_dim, in_dim):
    """About ±4 / sqrt(in_dim)."""
    return Tensor(name, (out_dim, in_dim), 0.0, matrix_scale(in_dim))


def transposed(name, in_dim, out_dim):
    """A matrix as GPT-2's Conv1D keeps it."""
    return Tensor(name, (in_dim, out_dim), 0.0, matrix_scale(in_dim))


def embedding(name, rows, dim):
    """±1/4"""
    return Tensor(name, (rows, dim), 0.0, 2.0**-9)


def bias(name, dim):
    """±1/4"""
    return Tensor(name, (dim,), 0.0, 2.0**-9)


def norm(name, dim, offset=1.0):
    """offset ± 1"""
    return Tensor(name, (dim,), offset, 2.0**-7)


def wide_norm(name, dim):
    """2 ± 2"""
    return Tensor(name, (dim,), 2.0, 2.0**-6)


def matrix_scale(in_dim):
    half_log = (in_dim - 1).bit_length() // 2
    return 2.0 ** -(half_log + 5)


def values(seed, tensor):
    """The tensor as float32 of its shape."""
    state = mix(np.uint32(seed) ^ fnv1a(tensor.name))
    with np.errstate(over="ignore"):
        index = np.arange(np.prod(tensor.shape), dtype=np.uint32) * np.uint32(ELEMENT_STEP)
        byte = mix(state + index) >> np.uint32(24)
    centred = byte.astype(np.float32) - 128
    return (np.float32(tensor.offset) + centred * np.float32(tensor.scale)).reshape(tensor.shape)


def fnv1a(text):
    value = 0x811C9DC5
    for byte in text.encode("ascii"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return np.uint32(value)


def mix(x):
    x = np.asarray(x, dtype=np.uint32)
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return x ^ (x >> np.uint32(16))
