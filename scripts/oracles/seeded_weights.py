"""The seeded checkpoints of test/support/seeded-weights.ts, value for value. numpy only."""

import numpy as np

ELEMENT_STEP = 0x9E3779B9


def tensors(config):
    """(name, shape) of every tensor of a Hugging Face Llama checkpoint, in file order."""
    hidden, ffn, head_dim = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    q_dim = config["num_attention_heads"] * head_dim
    kv_dim = config["num_key_value_heads"] * head_dim

    def linear(name, out_dim, in_dim, has_bias):
        yield f"{name}.weight", (out_dim, in_dim)
        if has_bias:
            yield f"{name}.bias", (out_dim,)

    yield "model.embed_tokens.weight", (config["vocab_size"], hidden)
    for i in range(config["num_hidden_layers"]):
        layer = f"model.layers.{i}"
        yield f"{layer}.input_layernorm.weight", (hidden,)
        yield from linear(f"{layer}.self_attn.q_proj", q_dim, hidden, config["attention_bias"])
        yield from linear(f"{layer}.self_attn.k_proj", kv_dim, hidden, config["attention_bias"])
        yield from linear(f"{layer}.self_attn.v_proj", kv_dim, hidden, config["attention_bias"])
        yield from linear(f"{layer}.self_attn.o_proj", hidden, q_dim, config["attention_bias"])
        yield f"{layer}.post_attention_layernorm.weight", (hidden,)
        yield from linear(f"{layer}.mlp.gate_proj", ffn, hidden, config["mlp_bias"])
        yield from linear(f"{layer}.mlp.up_proj", ffn, hidden, config["mlp_bias"])
        yield from linear(f"{layer}.mlp.down_proj", hidden, ffn, config["mlp_bias"])
    yield "model.norm.weight", (hidden,)
    if not config["tie_word_embeddings"]:
        yield "lm_head.weight", (config["vocab_size"], hidden)


def values(seed, name, shape):
    """The tensor as float32 of its shape."""
    state = mix(np.uint32(seed) ^ fnv1a(name))
    with np.errstate(over="ignore"):
        index = np.arange(np.prod(shape), dtype=np.uint32) * np.uint32(ELEMENT_STEP)
        byte = mix(state + index) >> np.uint32(24)
    offset, scale = affine(name, shape)
    return (offset + (byte.astype(np.float32) - 128) * np.float32(scale)).reshape(shape)


def affine(name, shape):
    if name.endswith("norm.weight"):
        return 1.0, 2.0**-7
    if name.endswith(".bias"):
        return 0.0, 2.0**-9
    if name == "model.embed_tokens.weight":
        return 0.0, 2.0**-9
    half_log = (shape[1] - 1).bit_length() // 2
    return 0.0, 2.0 ** -(half_log + 5)


def fnv1a(text):
    value = 0x811C9DC5
    for byte in text.encode("ascii"):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return np.uint32(value)


def mix(x):
    x = np.asarray(x, dtype=np.uint32)
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        return x ^ (x >> np.uint32(16))
