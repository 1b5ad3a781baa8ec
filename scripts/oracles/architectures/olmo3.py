"""
OLMo 3 (`modular_olmo3.py` of 4.57): OLMo 2 in which layers of `layer_types`, or three of four, see a window; these turn
without `rope_scaling`.
"""

from architectures.olmo2 import Olmo2
from layers import inverse_frequencies, rotate


class Olmo3(Olmo2):
    def is_local(self, i):
        types = self.config.get("layer_types")
        return (i + 1) % 4 != 0 if types is None else types[i] == "sliding_attention"

    def rotate(self, i, x):
        if not self.is_local(i):
            return super().rotate(i, x)
        return rotate(x, inverse_frequencies(self.config["rope_theta"], self.head_dim))

    def window(self, i):
        return self.config["sliding_window"] if self.is_local(i) else None
