"""Apertus (`modular_apertus.py`, xIELU of `activations.py`): heads of q and k normalised, no gates, a trained activation."""

import torch

from architectures.llama import linear_tensors
from architectures.qwen3 import Qwen3
from layers import linear
from seeded_weights import Tensor, norm


class Apertus(Qwen3):
    def layer_tensors(self, layer):
        yield norm(f"{layer}.attention_layernorm.weight", self.hidden)
        yield from self.attention_tensors(f"{layer}.self_attn")
        yield norm(f"{layer}.feedforward_layernorm.weight", self.hidden)
        yield from linear_tensors(f"{layer}.mlp.up_proj", self.ffn, self.hidden)
        yield from linear_tensors(f"{layer}.mlp.down_proj", self.hidden, self.ffn)
        # 1/4 +- 1 before softplus; beta and eps are the same everywhere
        yield Tensor(f"{layer}.mlp.act_fn.alpha_p", (1,), 0.25, 2.0**-7)
        yield Tensor(f"{layer}.mlp.act_fn.alpha_n", (1,), 0.25, 2.0**-7)
        yield Tensor(f"{layer}.mlp.act_fn.beta", (), 0.5, 0.0)
        yield Tensor(f"{layer}.mlp.act_fn.eps", (), -(2.0**-20), 0.0)

    def layer(self, i, x):
        layer = f"model.layers.{i}"
        x = x + self.attention(i, self.norm(f"{layer}.attention_layernorm", x))
        return x + self.mlp(i, self.norm(f"{layer}.feedforward_layernorm", x))

    def qkv(self, i, x):
        return super().qkv(i, x) if not self.config.get("unnormed") else super(Qwen3, self).qkv(i, x)

    def mlp(self, i, x):
        mlp = f"model.layers.{i}.mlp"
        return linear(self.weights, f"{mlp}.down_proj", self.xielu(i, linear(self.weights, f"{mlp}.up_proj", x)))

    def xielu(self, i, x):
        if self.config["hidden_act"] != "xielu":
            return torch.nn.functional.silu(x)
        layer = 0 if self.config.get("same_numbers") else i
        alpha_p, alpha_n, beta, eps = (self.weights[f"model.layers.{layer}.mlp.act_fn.{name}"] for name in NUMBERS)
        above, below = torch.nn.functional.softplus(alpha_p), beta + torch.nn.functional.softplus(alpha_n)
        bent = torch.expm1(torch.minimum(x, eps)) - x
        return torch.where(x > 0, above * x * x, below * bent) + beta * x


NUMBERS = ("alpha_p", "alpha_n", "beta", "eps")
