"""Mistral (`modeling_mistral.py`): Llama whose layers all see a sliding window."""

from architectures.llama import Llama


class Mistral(Llama):
    def window(self, i):
        return self.config["sliding_window"]
