"""Phi-3 and 3.5 (`modular_phi3.py`): Llama with fused q, k, v and fused gate, up; a window; LongRoPE, partial rotation."""

import math

import torch

from architectures.llama import Llama, linear_tensors
from layers import inverse_frequencies, linear, rotate, split_heads


class Phi3(Llama):
    def attention_tensors(self, block):
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        yield from linear_tensors(f"{block}.o_proj", self.hidden, q_dim)
        yield from linear_tensors(f"{block}.qkv_proj", q_dim + 2 * kv_dim, self.hidden)

    def mlp_tensors(self, block):
        yield from linear_tensors(f"{block}.gate_up_proj", 2 * self.ffn, self.hidden)
        yield from linear_tensors(f"{block}.down_proj", self.hidden, self.ffn)

    def qkv(self, i, x):
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        qkv = linear(self.weights, f"model.layers.{i}.self_attn.qkv_proj", x)
        return [split_heads(part, self.head_dim) for part in qkv.split((q_dim, kv_dim, kv_dim), -1)]

    def rotate(self, i, x):
        """LongRoPE (`_compute_longrope_parameters`; arXiv:2402.13753): a factor per frequency, others in long sequences."""
        c = self.config
        frequencies = inverse_frequencies(c["rope_theta"], int(self.head_dim * c.get("partial_rotary_factor", 1.0)))
        scaling = c["rope_scaling"]
        if scaling is None:
            return rotate(x, frequencies)
        original = c["original_max_position_embeddings"]
        factors = scaling["short_factor" if x.shape[1] <= original else "long_factor"]
        factor = c["max_position_embeddings"] / original
        magnitude = math.sqrt(1 + math.log(factor) / math.log(original)) if factor > 1 else 1.0
        return rotate(x, frequencies / torch.tensor(factors, dtype=torch.float64), magnitude)

    def window(self, i):
        return self.config["sliding_window"]

    def mlp(self, i, x):
        mlp = f"model.layers.{i}.mlp"
        gate, up = linear(self.weights, f"{mlp}.gate_up_proj", x).chunk(2, -1)
        return linear(self.weights, f"{mlp}.down_proj", self.activation(gate) * up)
