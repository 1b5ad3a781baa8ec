"""
Apertus (`modular_apertus.py`): Llama that normalises each head of q and k, without gates but with xIELU (arXiv:2411.13010), of
which each layer has learned two numbers.
"""

import torch

from architectures.llama import linear_tensors
from architectures.qwen3 import Qwen3
from layers import linear
from seeded_weights import bias, norm

BETA = 0.5
EPS = -1e-6


class Apertus(Qwen3):
    def layer_tensors(self, layer):
        yield norm(f"{layer}.attention_layernorm.weight", self.hidden)
        yield from self.attention_tensors(f"{layer}.self_attn")
        yield norm(f"{layer}.feedforward_layernorm.weight", self.hidden)
        yield from self.mlp_tensors(f"{layer}.mlp")

    def mlp_tensors(self, block):
        yield from linear_tensors(f"{block}.up_proj", self.ffn, self.hidden)
        yield bias(f"{block}.act_fn.alpha_p", 1)
        yield bias(f"{block}.act_fn.alpha_n", 1)
        yield from linear_tensors(f"{block}.down_proj", self.hidden, self.ffn)

    def layer(self, i, x):
        layer = f"model.layers.{i}"
        x = x + self.attention(i, self.norm(f"{layer}.attention_layernorm", x))
        return x + self.mlp(i, self.norm(f"{layer}.feedforward_layernorm", x))

    def mlp(self, i, x):
        mlp = f"model.layers.{i}.mlp"
        return linear(self.weights, f"{mlp}.down_proj", self.xielu(mlp, linear(self.weights, f"{mlp}.up_proj", x)))

    def xielu(self, mlp, x):
        if self.config.get("silu"):
            return torch.nn.functional.silu(x)
        positive = torch.nn.functional.softplus(self.weights[f"{mlp}.act_fn.alpha_p"])
        negative = BETA + torch.nn.functional.softplus(self.weights[f"{mlp}.act_fn.alpha_n"])
        below = (torch.expm1(x.clamp(max=EPS)) - x) * negative
        return torch.where(x > 0, positive * x * x, below) + BETA * x
