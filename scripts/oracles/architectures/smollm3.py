"""SmolLM3 (`modular_smollm3.py`): Llama in which some layers do not rotate (NoPE); tied unless the config says no."""

from architectures.llama import Llama


class SmolLM3(Llama):
    tied_by_default = True

    def rotate(self, i, x):
        interval = self.config.get("no_rope_layer_interval", 4)
        flags = self.config.get("no_rope_layers")
        has_rope = (i + 1) % interval != 0 if flags is None else flags[i] == 1
        return super().rotate(i, x) if has_rope else x
