"""
Phi-2 (`modular_phi.py`): attention and MLP side by side, both of one LayerNorm; biases everywhere, in the head too; a part of
each head rotated; GELU without gates.
"""

from architectures.gpt2 import norm_tensors
from architectures.llama import Llama, linear_tensors
from layers import attention, gelu_tanh, inverse_frequencies, layer_norm, linear, rotate
from seeded_weights import embedding


class Phi(Llama):
    def tensors(self):
        vocab, q_dim, kv_dim = self.config["vocab_size"], self.heads * self.head_dim, self.kv_heads * self.head_dim
        yield embedding("model.embed_tokens.weight", vocab, self.hidden)
        for i in range(self.config["num_hidden_layers"]):
            layer = f"model.layers.{i}"
            yield from norm_tensors(f"{layer}.input_layernorm", self.hidden)
            yield from linear_tensors(f"{layer}.self_attn.q_proj", q_dim, self.hidden, True)
            yield from linear_tensors(f"{layer}.self_attn.k_proj", kv_dim, self.hidden, True)
            yield from linear_tensors(f"{layer}.self_attn.v_proj", kv_dim, self.hidden, True)
            yield from linear_tensors(f"{layer}.self_attn.dense", self.hidden, q_dim, True)
            yield from linear_tensors(f"{layer}.mlp.fc1", self.ffn, self.hidden, True)
            yield from linear_tensors(f"{layer}.mlp.fc2", self.hidden, self.ffn, True)
        yield from norm_tensors("model.final_layernorm", self.hidden)
        yield from linear_tensors("lm_head", vocab, self.hidden, True)

    def logits(self, tokens):
        x = self.embed(tokens)
        for i in range(self.config["num_hidden_layers"]):
            x = self.layer(i, x)
        return linear(self.weights, "lm_head", self.norm("model.final_layernorm", x[-1]))

    def layer(self, i, x):
        normed = self.norm(f"model.layers.{i}.input_layernorm", x)
        if self.config.get("in_turn"):
            x = x + self.attention(i, normed)
            return x + self.mlp(i, self.norm(f"model.layers.{i}.input_layernorm", x))
        return x + self.attention(i, normed) + self.mlp(i, normed)

    def attention(self, i, x):
        q, k, v = self.qkv(i, x)
        attended = attention(self.rotate(i, q), self.rotate(i, k), v, self.scale())
        return linear(self.weights, f"model.layers.{i}.self_attn.dense", attended)

    def rotate(self, i, x):
        rotary_dim = int(self.head_dim * self.config["partial_rotary_factor"])
        return rotate(x, inverse_frequencies(self.config["rope_theta"], rotary_dim))

    def mlp(self, i, x):
        mlp = f"model.layers.{i}.mlp"
        return linear(self.weights, f"{mlp}.fc2", gelu_tanh(linear(self.weights, f"{mlp}.fc1", x)))

    def norm(self, name, x):
        return layer_norm(self.weights, name, x, self.config["layer_norm_eps"])
