"""GPT-Neo (`modeling_gpt_neo.py`): learned positions, LayerNorm, scores that are not scaled, "local" layers with a window; tied."""

from architectures.gpt2 import norm_tensors
from architectures.llama import linear_tensors
from layers import attention, gelu_tanh, layer_norm, linear, split_heads
from seeded_weights import embedding


class GptNeo:
    def __init__(self, config):
        self.config = config
        self.weights = {}
        self.hidden = config["hidden_size"]
        self.ffn = config.get("intermediate_size") or 4 * self.hidden
        self.head_dim = self.hidden // config["num_heads"]

    def tensors(self):
        yield embedding("transformer.wte.weight", self.config["vocab_size"], self.hidden)
        yield embedding("transformer.wpe.weight", self.config["max_position_embeddings"], self.hidden)
        for i in range(self.config["num_layers"]):
            layer = f"transformer.h.{i}"
            yield from norm_tensors(f"{layer}.ln_1", self.hidden)
            for part in "kvq":
                yield from linear_tensors(f"{layer}.attn.attention.{part}_proj", self.hidden, self.hidden)
            yield from linear_tensors(f"{layer}.attn.attention.out_proj", self.hidden, self.hidden, True)
            yield from norm_tensors(f"{layer}.ln_2", self.hidden)
            yield from linear_tensors(f"{layer}.mlp.c_fc", self.ffn, self.hidden, True)
            yield from linear_tensors(f"{layer}.mlp.c_proj", self.hidden, self.ffn, True)
        yield from norm_tensors("transformer.ln_f", self.hidden)

    def logits(self, tokens):
        """Logits [vocab] after the last of `tokens`."""
        embeddings = self.weights["transformer.wte.weight"]
        x = embeddings[tokens] + self.weights["transformer.wpe.weight"][: len(tokens)]
        for i in range(self.config["num_layers"]):
            layer = f"transformer.h.{i}"
            x = x + self.attention(i, self.norm(f"{layer}.ln_1", x))
            x = x + self.mlp(f"{layer}.mlp", self.norm(f"{layer}.ln_2", x))
        return self.norm("transformer.ln_f", x[-1]) @ embeddings.T

    def attention(self, i, x):
        block = f"transformer.h.{i}.attn.attention"
        q, k, v = (split_heads(linear(self.weights, f"{block}.{part}_proj", x), self.head_dim) for part in "qkv")
        kinds = [kind for kinds, times in self.config["attention_types"] for kind in kinds * times]
        window = self.config["window_size"] if kinds[i] == "local" else None
        scale = self.head_dim**-0.5 if self.config.get("scaled") else 1.0
        return linear(self.weights, f"{block}.out_proj", attention(q, k, v, scale, window))

    def mlp(self, block, x):
        return linear(self.weights, f"{block}.c_proj", gelu_tanh(linear(self.weights, f"{block}.c_fc", x)))

    def norm(self, name, x):
        return layer_norm(self.weights, name, x, self.config["layer_norm_epsilon"])
