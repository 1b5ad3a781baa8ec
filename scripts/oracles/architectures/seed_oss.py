"""Seed-OSS (`modular_seed_oss.py`): Llama with biases on q, k and v, and on the output only if `attention_out_bias`."""

from architectures.llama import Llama, linear_tensors


class SeedOss(Llama):
    def attention_tensors(self, block):
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        has_bias = self.config["attention_bias"]
        yield from linear_tensors(f"{block}.q_proj", q_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.k_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.v_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.o_proj", self.hidden, q_dim, self.config["attention_out_bias"])
