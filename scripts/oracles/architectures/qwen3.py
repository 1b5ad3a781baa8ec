"""Qwen3 (`modeling_qwen3.py`): Llama that normalises each head of q and k before it rotates them."""

from architectures.llama import Llama
from seeded_weights import norm


class Qwen3(Llama):
    def attention_tensors(self, block):
        yield from super().attention_tensors(block)
        yield norm(f"{block}.q_norm.weight", self.head_dim)
        yield norm(f"{block}.k_norm.weight", self.head_dim)

    def qkv(self, i, x):
        q, k, v = super().qkv(i, x)
        block = f"model.layers.{i}.self_attn"
        return self.norm(f"{block}.q_norm", q), self.norm(f"{block}.k_norm", k), v
