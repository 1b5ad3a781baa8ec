"""GPT-NeoX and Pythia (`modeling_gpt_neox.py`): LayerNorm, part of each head rotated, attention and MLP side by side."""

import math

from architectures.gpt2 import norm_tensors
from architectures.llama import linear_tensors
from layers import attention, gelu_erf, gelu_tanh, inverse_frequencies, layer_norm, linear, rotate
from seeded_weights import embedding, matrix

ACTIVATIONS = {"gelu": gelu_erf, "gelu_new": gelu_tanh, "gelu_fast": gelu_tanh}


class GptNeoX:
    def __init__(self, config):
        self.config = config
        self.weights = {}
        self.hidden, self.ffn = config["hidden_size"], config["intermediate_size"]
        self.heads = config["num_attention_heads"]
        self.head_dim = self.hidden // self.heads

    def tensors(self):
        vocab = self.config["vocab_size"]
        yield embedding("gpt_neox.embed_in.weight", vocab, self.hidden)
        for i in range(self.config["num_hidden_layers"]):
            layer = f"gpt_neox.layers.{i}"
            yield from norm_tensors(f"{layer}.input_layernorm", self.hidden)
            yield from norm_tensors(f"{layer}.post_attention_layernorm", self.hidden)
            yield from linear_tensors(f"{layer}.attention.query_key_value", 3 * self.hidden, self.hidden, True)
            yield from linear_tensors(f"{layer}.attention.dense", self.hidden, self.hidden, True)
            yield from linear_tensors(f"{layer}.mlp.dense_h_to_4h", self.ffn, self.hidden, True)
            yield from linear_tensors(f"{layer}.mlp.dense_4h_to_h", self.hidden, self.ffn, True)
        yield from norm_tensors("gpt_neox.final_layer_norm", self.hidden)
        if not self.config["tie_word_embeddings"]:
            yield matrix("embed_out.weight", vocab, self.hidden)

    def logits(self, tokens):
        """Logits [vocab] after the last of `tokens`."""
        x = self.weights["gpt_neox.embed_in.weight"][tokens]
        for i in range(self.config["num_hidden_layers"]):
            x = self.layer(f"gpt_neox.layers.{i}", x)
        head = "gpt_neox.embed_in" if self.config["tie_word_embeddings"] else "embed_out"
        return linear(self.weights, head, self.norm("gpt_neox.final_layer_norm", x[-1]))

    def layer(self, layer, x):
        attended = self.attention(f"{layer}.attention", self.norm(f"{layer}.input_layernorm", x))
        # side by side, the MLP sees what the attention saw; else what it left
        seen = x if self.config["use_parallel_residual"] else x + attended
        return x + attended + self.mlp(f"{layer}.mlp", self.norm(f"{layer}.post_attention_layernorm", seen))

    def attention(self, block, x):
        # q, k and v of a head lie together
        qkv = linear(self.weights, f"{block}.query_key_value", x).view(len(x), self.heads, 3, self.head_dim)
        q, k, v = (qkv[:, :, part].transpose(0, 1) for part in range(3))
        rotary_dim = int(self.head_dim * self.config["rotary_pct"])
        frequencies = inverse_frequencies(self.config["rotary_emb_base"], rotary_dim)
        attended = attention(rotate(q, frequencies), rotate(k, frequencies), v, 1 / math.sqrt(self.head_dim))
        return linear(self.weights, f"{block}.dense", attended)

    def mlp(self, block, x):
        activation = ACTIVATIONS[self.config["hidden_act"]]
        return linear(self.weights, f"{block}.dense_4h_to_h", activation(linear(self.weights, f"{block}.dense_h_to_4h", x)))

    def norm(self, name, x):
        return layer_norm(self.weights, name, x, self.config["layer_norm_eps"])
