"""
Ministral 3 (`modular_ministral3.py`): Llama with YaRN whose cosines and sines are not magnified (mscale = mscale_all_dim), and
with queries that grow with the logarithm of their position, as in Llama 4.
"""

import torch

from architectures.llama import Llama
from layers import rotate, scaled_frequencies


class Ministral3(Llama):
    def rotate(self, i, x):
        rope = self.config["rope_parameters"]
        frequencies, magnitude = scaled_frequencies(rope["rope_theta"], self.head_dim, rope)
        return rotate(x, frequencies, 1.0 if "mscale_all_dim" in rope else magnitude)

    def qkv(self, i, x):
        q, k, v = super().qkv(i, x)
        rope = self.config["rope_parameters"]
        # a factor of a query commutes with its rotation
        beyond = torch.arange(len(x)).div(rope["original_max_position_embeddings"], rounding_mode="floor").double()
        return q * (1 + rope["llama_4_scaling_beta"] * torch.log1p(beyond))[:, None], k, v
