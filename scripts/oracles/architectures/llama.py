"""Llama (`modeling_llama.py`): pre-norm blocks, RMSNorm, rotary positions, grouped-query attention, SwiGLU."""

import math

import torch

from layers import attention, linear, rms_norm, rotate, scaled_frequencies, split_heads
from seeded_weights import bias, embedding, matrix, norm


class Llama:
    """`config` is config.json. Subclasses say in what they differ."""

    tied_by_default = False
    norm_offset = 1.0

    def __init__(self, config):
        self.config = config
        self.weights = {}
        self.hidden, self.ffn = config["hidden_size"], config["intermediate_size"]
        self.heads, self.kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
        self.head_dim = config.get("head_dim", self.hidden // self.heads)
        self.is_tied = config.get("tie_word_embeddings", self.tied_by_default)

    # What a checkpoint holds, in file order

    def tensors(self):
        vocab = self.config["vocab_size"]
        yield embedding("model.embed_tokens.weight", vocab, self.hidden)
        for i in range(self.config["num_hidden_layers"]):
            yield from self.layer_tensors(f"model.layers.{i}")
        yield norm("model.norm.weight", self.hidden, self.norm_offset)
        if not self.is_tied:
            yield matrix("lm_head.weight", vocab, self.hidden)

    def layer_tensors(self, layer):
        yield norm(f"{layer}.input_layernorm.weight", self.hidden)
        yield from self.attention_tensors(f"{layer}.self_attn")
        yield norm(f"{layer}.post_attention_layernorm.weight", self.hidden)
        yield from self.mlp_tensors(f"{layer}.mlp")

    def attention_tensors(self, block):
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        has_bias = self.config.get("attention_bias", False)
        yield from linear_tensors(f"{block}.q_proj", q_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.k_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.v_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.o_proj", self.hidden, q_dim, has_bias)

    def mlp_tensors(self, block):
        has_bias = self.config.get("mlp_bias", False)
        yield from linear_tensors(f"{block}.gate_proj", self.ffn, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.up_proj", self.ffn, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.down_proj", self.hidden, self.ffn, has_bias)

    # What it computes

    def logits(self, tokens):
        """Logits [vocab] after the last of `tokens`."""
        x = self.embed(tokens)
        for i in range(self.config["num_hidden_layers"]):
            x = self.layer(i, x)
        head = "model.embed_tokens" if self.is_tied else "lm_head"
        return linear(self.weights, head, self.norm("model.norm", x[-1]))

    def embed(self, tokens):
        return self.weights["model.embed_tokens.weight"][tokens]

    def layer(self, i, x):
        layer = f"model.layers.{i}"
        x = x + self.attention(i, self.norm(f"{layer}.input_layernorm", x))
        return x + self.mlp(i, self.norm(f"{layer}.post_attention_layernorm", x))

    def attention(self, i, x):
        q, k, v = self.qkv(i, x)
        attended = attention(self.rotate(i, q), self.rotate(i, k), v, self.scale(), self.window(i), self.softcap())
        return linear(self.weights, f"model.layers.{i}.self_attn.o_proj", attended)

    def qkv(self, i, x):
        """q [heads, tokens, head_dim], k and v [kv heads, tokens, head_dim], before rotation."""
        return [
            split_heads(linear(self.weights, f"model.layers.{i}.self_attn.{part}_proj", x), self.head_dim)
            for part in "qkv"
        ]

    def rotate(self, i, x):
        return rotate(x, *scaled_frequencies(self.config["rope_theta"], self.head_dim, self.config.get("rope_scaling")))

    def scale(self):
        return 1 / math.sqrt(self.head_dim)

    def window(self, i):
        return None

    def softcap(self):
        return None

    def mlp(self, i, x):
        mlp = f"model.layers.{i}.mlp"
        gate, up = linear(self.weights, f"{mlp}.gate_proj", x), linear(self.weights, f"{mlp}.up_proj", x)
        return linear(self.weights, f"{mlp}.down_proj", self.activation(gate) * up)

    def activation(self, x):
        return torch.nn.functional.silu(x)

    def norm(self, name, x):
        return rms_norm(x, self.weights[f"{name}.weight"], self.config["rms_norm_eps"])


def linear_tensors(name, out_dim, in_dim, has_bias=False):
    yield matrix(f"{name}.weight", out_dim, in_dim)
    if has_bias:
        yield bias(f"{name}.bias", out_dim)
