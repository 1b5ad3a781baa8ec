"""OLMo 2 (`modular_olmo2.py`): norms follow attention and MLP; q and k are normalised whole, across their heads."""

from architectures.llama import Llama
from layers import linear, split_heads
from seeded_weights import norm


class Olmo2(Llama):
    def layer_tensors(self, layer):
        yield from self.attention_tensors(f"{layer}.self_attn")
        yield norm(f"{layer}.self_attn.q_norm.weight", self.heads * self.head_dim)
        yield norm(f"{layer}.self_attn.k_norm.weight", self.kv_heads * self.head_dim)
        yield norm(f"{layer}.post_attention_layernorm.weight", self.hidden)
        yield from self.mlp_tensors(f"{layer}.mlp")
        yield norm(f"{layer}.post_feedforward_layernorm.weight", self.hidden)

    def layer(self, i, x):
        layer = f"model.layers.{i}"
        x = x + self.norm(f"{layer}.post_attention_layernorm", self.attention(i, x))
        return x + self.norm(f"{layer}.post_feedforward_layernorm", self.mlp(i, x))

    def qkv(self, i, x):
        block = f"model.layers.{i}.self_attn"
        q, k, v = (linear(self.weights, f"{block}.{part}_proj", x) for part in "qkv")
        parts = self.norm(f"{block}.q_norm", q), self.norm(f"{block}.k_norm", k), v
        return [split_heads(part, self.head_dim) for part in parts]
