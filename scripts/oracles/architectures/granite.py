"""Granite (`modular_granite.py`): Llama with multipliers on embedding, scores, residuals and logits."""

from architectures.llama import Llama


class Granite(Llama):
    def logits(self, tokens):
        return super().logits(tokens) / self.config["logits_scaling"]

    def embed(self, tokens):
        return super().embed(tokens) * self.config["embedding_multiplier"]

    def attention(self, i, x):
        return super().attention(i, x) * self.config["residual_multiplier"]

    def mlp(self, i, x):
        return super().mlp(i, x) * self.config["residual_multiplier"]

    def scale(self):
        return self.config["attention_multiplier"]
