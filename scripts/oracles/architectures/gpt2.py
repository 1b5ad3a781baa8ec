"""GPT-2 (`modeling_gpt2.py`): learned positions, LayerNorm, biases everywhere, matrices stored [in, out]; tied."""

import math

from layers import attention, gelu_tanh, layer_norm, split_heads
from seeded_weights import bias, embedding, norm, transposed


class Gpt2:
    def __init__(self, config):
        self.config = config
        # what transformers saves has it; the files of the gpt2 repository, older than `transformers_version`, have not
        self.prefix = "transformer." if "transformers_version" in config else ""
        self.weights = {}
        self.hidden = config["n_embd"]
        self.ffn = config.get("n_inner") or 4 * self.hidden
        self.head_dim = self.hidden // config["n_head"]

    def tensors(self):
        yield embedding(f"{self.prefix}wte.weight", self.config["vocab_size"], self.hidden)
        yield embedding(f"{self.prefix}wpe.weight", self.config["n_positions"], self.hidden)
        for i in range(self.config["n_layer"]):
            layer = f"{self.prefix}h.{i}"
            yield from norm_tensors(f"{layer}.ln_1", self.hidden)
            yield from conv1d_tensors(f"{layer}.attn.c_attn", self.hidden, 3 * self.hidden)
            yield from conv1d_tensors(f"{layer}.attn.c_proj", self.hidden, self.hidden)
            yield from norm_tensors(f"{layer}.ln_2", self.hidden)
            yield from conv1d_tensors(f"{layer}.mlp.c_fc", self.hidden, self.ffn)
            yield from conv1d_tensors(f"{layer}.mlp.c_proj", self.ffn, self.hidden)
        yield from norm_tensors(f"{self.prefix}ln_f", self.hidden)

    def logits(self, tokens):
        """Logits [vocab] after the last of `tokens`."""
        embeddings, positions = self.weights[f"{self.prefix}wte.weight"], self.weights[f"{self.prefix}wpe.weight"]
        x = embeddings[tokens] + positions[: len(tokens)]
        for i in range(self.config["n_layer"]):
            layer = f"{self.prefix}h.{i}"
            x = x + self.attention(f"{layer}.attn", self.norm(f"{layer}.ln_1", x))
            x = x + self.mlp(f"{layer}.mlp", self.norm(f"{layer}.ln_2", x))
        return self.norm(f"{self.prefix}ln_f", x[-1]) @ embeddings.T

    def attention(self, block, x):
        q, k, v = (split_heads(part, self.head_dim) for part in self.conv1d(f"{block}.c_attn", x).chunk(3, -1))
        return self.conv1d(f"{block}.c_proj", attention(q, k, v, 1 / math.sqrt(self.head_dim)))

    def mlp(self, block, x):
        return self.conv1d(f"{block}.c_proj", gelu_tanh(self.conv1d(f"{block}.c_fc", x)))

    def conv1d(self, name, x):
        return x @ self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def norm(self, name, x):
        return layer_norm(self.weights, name, x, self.config["layer_norm_epsilon"])


def norm_tensors(name, dim):
    yield norm(f"{name}.weight", dim)
    yield bias(f"{name}.bias", dim)


def conv1d_tensors(name, in_dim, out_dim):
    yield transposed(f"{name}.weight", in_dim, out_dim)
    yield bias(f"{name}.bias", out_dim)
