"""Qwen2 and 2.5 (`modeling_qwen2.py`): Llama with biases on q, k and v; layers from `max_window_layers` on may slide."""

from architectures.llama import Llama, linear_tensors


class Qwen2(Llama):
    def attention_tensors(self, block):
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        yield from linear_tensors(f"{block}.q_proj", q_dim, self.hidden, True)
        yield from linear_tensors(f"{block}.k_proj", kv_dim, self.hidden, True)
        yield from linear_tensors(f"{block}.v_proj", kv_dim, self.hidden, True)
        yield from linear_tensors(f"{block}.o_proj", self.hidden, q_dim)

    def window(self, i):
        c = self.config
        return c["sliding_window"] if c["use_sliding_window"] and i >= c["max_window_layers"] else None
