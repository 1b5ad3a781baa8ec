"""
MiniCPM (`modeling_minicpm.py` of openbmb/MiniCPM4-0.5B, without sparse attention; arXiv:2404.06395 §4): Llama with the
embedding times scale_emb, what is added times scale_depth / sqrt(layers), logits divided by hidden / dim_model_base; tied.
"""

import math

import torch

from architectures.llama import Llama
from layers import inverse_frequencies, rotate


class MiniCPM(Llama):
    tied_by_default = True

    def logits(self, tokens):
        return super().logits(tokens) / (self.hidden / self.config["dim_model_base"])

    def embed(self, tokens):
        return super().embed(tokens) * self.config["scale_emb"]

    def attention(self, i, x):
        return super().attention(i, x) * self.residual_scale()

    def mlp(self, i, x):
        return super().mlp(i, x) * self.residual_scale()

    def residual_scale(self):
        return self.config["scale_depth"] / math.sqrt(self.config["num_hidden_layers"])

    def rotate(self, i, x):
        scaling = self.config.get("rope_scaling")
        if scaling is None:
            return super().rotate(i, x)
        original = scaling["original_max_position_embeddings"]
        factors = scaling["short_factor" if x.shape[1] <= original else "long_factor"]
        factor = self.config["max_position_embeddings"] / original
        magnitude = math.sqrt(1 + math.log(factor) / math.log(original))
        frequencies = inverse_frequencies(self.config["rope_theta"], self.head_dim)
        return rotate(x, frequencies / torch.tensor(factors, dtype=torch.float64), magnitude)
