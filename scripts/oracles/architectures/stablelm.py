"""StableLM 2 (`modeling_stablelm.py`): Llama with LayerNorm, a part of each head rotated, and perhaps biases on q, k and v."""

from architectures.gpt2 import norm_tensors
from architectures.llama import Llama, linear_tensors
from layers import inverse_frequencies, layer_norm, linear, rotate
from seeded_weights import embedding, matrix


class StableLm(Llama):
    def tensors(self):
        vocab = self.config["vocab_size"]
        yield embedding("model.embed_tokens.weight", vocab, self.hidden)
        for i in range(self.config["num_hidden_layers"]):
            yield from self.layer_tensors(f"model.layers.{i}")
        yield from norm_tensors("model.norm", self.hidden)
        if not self.is_tied:
            yield matrix("lm_head.weight", vocab, self.hidden)

    def layer_tensors(self, layer):
        yield from norm_tensors(f"{layer}.input_layernorm", self.hidden)
        yield from self.attention_tensors(f"{layer}.self_attn")
        yield from norm_tensors(f"{layer}.post_attention_layernorm", self.hidden)
        yield from self.mlp_tensors(f"{layer}.mlp")

    def attention_tensors(self, block):
        q_dim, kv_dim = self.heads * self.head_dim, self.kv_heads * self.head_dim
        has_bias = self.config.get("use_qkv_bias", False)
        yield from linear_tensors(f"{block}.q_proj", q_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.k_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.v_proj", kv_dim, self.hidden, has_bias)
        yield from linear_tensors(f"{block}.o_proj", self.hidden, q_dim)

    def rotate(self, i, x):
        rotary_dim = int(self.head_dim * self.config["partial_rotary_factor"])
        return rotate(x, inverse_frequencies(self.config["rope_theta"], rotary_dim))

    def norm(self, name, x):
        return layer_norm(self.weights, name, x, self.config["layer_norm_eps"])
