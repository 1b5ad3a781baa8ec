"""ERNIE 4.5 dense (`modular_ernie4_5.py`): Llama whose rotation turns dims 2 i and 2 i + 1 of a head; `use_bias` for all; tied."""

import torch

from architectures.llama import Llama, linear_tensors
from layers import inverse_frequencies, rotate


class Ernie4(Llama):
    tied_by_default = True

    def attention_tensors(self, block):
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        has_bias = self.config["use_bias"]
        yield from linear_tensors(f"{block}.q_proj", q_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.k_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.v_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.o_proj", self.hidden, q_dim, has_bias)

    def mlp_tensors(self, block):
        has_bias = self.config["use_bias"]
        yield from linear_tensors(f"{block}.gate_proj", self.ffn, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.up_proj", self.ffn, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.down_proj", self.hidden, self.ffn, has_bias)

    def rotate(self, i, x):
        frequencies = inverse_frequencies(self.config["rope_theta"], self.head_dim)
        if self.config.get("turns_halves"):
            return rotate(x, frequencies)
        angles = torch.outer(torch.arange(x.shape[1], dtype=torch.float64), frequencies)
        a, b = x[..., 0::2], x[..., 1::2]
        turned = torch.stack((a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()), -1)
        return turned.flatten(-2)
