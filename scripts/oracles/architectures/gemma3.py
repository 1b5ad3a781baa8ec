"""
Gemma 3, text (`modular_gemma3.py`): Gemma 2 with heads of q and k normalised, and two rotations: local layers, which see
a window, have a base of their own and no scaling; the last of each pattern is global.
"""

from architectures.gemma2 import Gemma2
from layers import inverse_frequencies, rotate
from seeded_weights import norm


class Gemma3(Gemma2):
    def attention_tensors(self, block):
        yield from super().attention_tensors(block)
        yield norm(f"{block}.q_norm.weight", self.head_dim, 0.0)
        yield norm(f"{block}.k_norm.weight", self.head_dim, 0.0)

    def is_local(self, i):
        types = self.config.get("layer_types")
        return (i + 1) % self.config["sliding_window_pattern"] != 0 if types is None else types[i] == "sliding_attention"

    def qkv(self, i, x):
        q, k, v = super().qkv(i, x)
        block = f"model.layers.{i}.self_attn"
        return self.norm(f"{block}.q_norm", q), self.norm(f"{block}.k_norm", k), v

    def rotate(self, i, x):
        if not self.is_local(i):
            return super().rotate(i, x)
        return rotate(x, inverse_frequencies(self.config["rope_local_base_freq"], self.head_dim))

    def window(self, i):
        return self.config["sliding_window"] if self.is_local(i) else None
