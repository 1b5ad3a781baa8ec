"""StarCoder 2 (`modular_starcoder2.py`): LayerNorm, biases everywhere but in the head, GELU without gates, a window; tied."""

from architectures.gpt2 import norm_tensors
from architectures.llama import linear_tensors
from architectures.stablelm import StableLm
from layers import gelu_tanh, inverse_frequencies, layer_norm, linear, rotate


class StarCoder2(StableLm):
    tied_by_default = True

    def attention_tensors(self, block):
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        has_bias = self.config["use_bias"]
        yield from linear_tensors(f"{block}.q_proj", q_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.k_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.v_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.o_proj", self.hidden, q_dim, has_bias)

    def mlp_tensors(self, block):
        yield from linear_tensors(f"{block}.c_fc", self.ffn, self.hidden, self.config["use_bias"])
        yield from linear_tensors(f"{block}.c_proj", self.hidden, self.ffn, self.config["use_bias"])

    def rotate(self, i, x):
        return rotate(x, inverse_frequencies(self.config["rope_theta"], self.head_dim))

    def window(self, i):
        return self.config["sliding_window"]

    def mlp(self, i, x):
        mlp = f"model.layers.{i}.mlp"
        return linear(self.weights, f"{mlp}.c_proj", gelu_tanh(linear(self.weights, f"{mlp}.c_fc", x)))

    def norm(self, name, x):
        return layer_norm(self.weights, name, x, self.config["norm_epsilon"])
