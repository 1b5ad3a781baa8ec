"""
Hunyuan dense (`modular_hunyuan_v1_dense.py`): Llama that normalises each head of q and k after it has rotated them; the base
of the rotation grows by `alpha` (NTK).
"""

from architectures.llama import Llama
from layers import inverse_frequencies, rotate
from seeded_weights import norm


class HunYuan(Llama):
    def attention_tensors(self, block):
        yield from super().attention_tensors(block)
        yield norm(f"{block}.query_layernorm.weight", self.head_dim)
        yield norm(f"{block}.key_layernorm.weight", self.head_dim)

    def qkv(self, i, x):
        q, k, v = super().qkv(i, x)
        if not self.config.get("norms_first"):
            return q, k, v
        block = f"model.layers.{i}.self_attn"
        return self.norm(f"{block}.query_layernorm", q), self.norm(f"{block}.key_layernorm", k), v

    def attention(self, i, x):
        self.turned = 0
        return super().attention(i, x)

    def rotate(self, i, x):
        base, scaling, dim = self.config["rope_theta"], self.config["rope_scaling"], self.head_dim
        if scaling is not None:
            base *= scaling["alpha"] ** (dim / (dim - 2))
        turned = rotate(x, inverse_frequencies(base, dim))
        if self.config.get("norms_first"):
            return turned
        # q is turned first, then k
        part = ("query", "key")[self.turned]
        self.turned += 1
        return self.norm(f"model.layers.{i}.self_attn.{part}_layernorm", turned)
