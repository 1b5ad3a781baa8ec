"""Gemma 1 (`modular_gemma.py`): Llama with norms whose weights count from 1, GeGLU, the embedding times sqrt(hidden); tied."""

import math

from architectures.llama import Llama
from layers import gelu_tanh, rms_norm
from seeded_weights import norm


class Gemma(Llama):
    tied_by_default = True
    norm_offset = 0.0

    def layer_tensors(self, layer):
        yield norm(f"{layer}.input_layernorm.weight", self.hidden, 0.0)
        yield from self.attention_tensors(f"{layer}.self_attn")
        yield norm(f"{layer}.post_attention_layernorm.weight", self.hidden, 0.0)
        yield from self.mlp_tensors(f"{layer}.mlp")

    def embed(self, tokens):
        # taken away by a test of what acts
        return super().embed(tokens) * (1 if self.config.get("unscaled") else math.sqrt(self.hidden))

    def activation(self, x):
        return gelu_tanh(x)

    def norm(self, name, x):
        return rms_norm(x, 1 + self.weights[f"{name}.weight"], self.config["rms_norm_eps"])
