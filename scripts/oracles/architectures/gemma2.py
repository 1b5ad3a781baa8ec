"""
Gemma 2 (`modular_gemma2.py`): norms before and after attention and MLP, whose weights count from 1; GeGLU; soft caps on
scores and logits; the embedding scaled by sqrt(hidden); every other layer sees a window.
"""

import math

import torch

from architectures.llama import Llama
from layers import gelu_tanh, rms_norm
from seeded_weights import norm, wide_norm


class Gemma2(Llama):
    tied_by_default = True
    norm_offset = 0.0

    def layer_tensors(self, layer):
        yield norm(f"{layer}.input_layernorm.weight", self.hidden, 0.0)
        yield from self.attention_tensors(f"{layer}.self_attn")
        # wide: else the residual stream would stay close to the embedding, and the model repeat its last token
        yield wide_norm(f"{layer}.post_attention_layernorm.weight", self.hidden)
        yield norm(f"{layer}.pre_feedforward_layernorm.weight", self.hidden, 0.0)
        yield from self.mlp_tensors(f"{layer}.mlp")
        yield wide_norm(f"{layer}.post_feedforward_layernorm.weight", self.hidden)

    def logits(self, tokens):
        cap = self.config["final_logit_softcapping"]
        logits = super().logits(tokens)
        return logits if cap is None else cap * torch.tanh(logits / cap)

    def embed(self, tokens):
        return super().embed(tokens) * math.sqrt(self.hidden)

    def layer(self, i, x):
        layer = f"model.layers.{i}"
        attended = self.attention(i, self.norm(f"{layer}.input_layernorm", x))
        x = x + self.norm(f"{layer}.post_attention_layernorm", attended)
        fed = self.mlp(i, self.norm(f"{layer}.pre_feedforward_layernorm", x))
        return x + self.norm(f"{layer}.post_feedforward_layernorm", fed)

    def scale(self):
        return self.config["query_pre_attn_scalar"] ** -0.5

    def window(self, i):
        return self.config["sliding_window"] if i % 2 == 0 else None

    def softcap(self):
        return self.config["attn_logit_softcapping"]

    def activation(self, x):
        return gelu_tanh(x)

    def norm(self, name, x):
        return rms_norm(x, 1 + self.weights[f"{name}.weight"], self.config["rms_norm_eps"])
