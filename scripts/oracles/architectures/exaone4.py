"""
EXAONE 4 (`modular_exaone4.py`): norms follow attention and MLP; heads of q and k normalised; where there are windows, layers
without one do not rotate.
"""

from architectures.llama import Llama
from architectures.qwen3 import Qwen3
from seeded_weights import norm


class Exaone4(Qwen3):
    def layer_tensors(self, layer):
        yield from self.attention_tensors(f"{layer}.self_attn")
        yield norm(f"{layer}.post_attention_layernorm.weight", self.hidden)
        yield from self.mlp_tensors(f"{layer}.mlp")
        yield norm(f"{layer}.post_feedforward_layernorm.weight", self.hidden)

    def layer(self, i, x):
        layer = f"model.layers.{i}"
        x = x + self.norm(f"{layer}.post_attention_layernorm", self.attention(i, x))
        return x + self.norm(f"{layer}.post_feedforward_layernorm", self.mlp(i, x))

    def is_local(self, i):
        c = self.config
        if c["sliding_window"] is None:
            return False
        types = c.get("layer_types")
        pattern = c["sliding_window_pattern"]
        return pattern[i % len(pattern)] == "L" if types is None else types[i] == "sliding_attention"

    def rotate(self, i, x):
        turns = self.config["sliding_window"] is None or self.is_local(i) or self.config.get("always_turns")
        return Llama.rotate(self, i, x) if turns else x

    def window(self, i):
        return self.config["sliding_window"] if self.is_local(i) else None
