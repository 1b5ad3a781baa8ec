"""
Llamas. Every case stands for something that has gone wrong in some engine; together: GQA 1, 2, 3, 4, 8; head sizes 8
to 64.
"""

LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    # Small, so that at these lengths all three bands of frequencies occur.
    "original_max_position_embeddings": 32,
}

SIZES = {
    "mha-tied": dict(hidden=48, ffn=96, layers=2, heads=6, kv_heads=6, head_dim=8, vocab=263, tied=True, eps=1e-2),
    "gqa3-tied": dict(hidden=96, ffn=256, layers=3, heads=3, kv_heads=1, head_dim=32, vocab=301, tied=True),
    "gqa4-untied-bias": dict(
        hidden=64, ffn=128, layers=2, heads=8, kv_heads=2, head_dim=8, vocab=277, attention_bias=True, mlp_bias=True
    ),
    "gqa8-llama3": dict(
        hidden=192, ffn=264, layers=2, heads=8, kv_heads=1, head_dim=24, vocab=389, theta=500000.0, scaling=LLAMA3
    ),
    "linear-rope": dict(
        hidden=64, ffn=160, layers=3, heads=4, kv_heads=1, head_dim=16, vocab=311, scaling={"type": "linear", "factor": 4.0}
    ),
    "wide-heads": dict(hidden=72, ffn=120, layers=2, heads=4, kv_heads=2, head_dim=64, vocab=283, attention_bias=True),
    "narrow-heads": dict(hidden=128, ffn=128, layers=3, heads=3, kv_heads=1, head_dim=24, vocab=269, tied=True, mlp_bias=True),
    "llama3-bias-tied": dict(
        hidden=128, ffn=192, layers=2, heads=4, kv_heads=4, head_dim=32, vocab=293, tied=True, attention_bias=True, scaling=LLAMA3
    ),
}


def config(case):
    """config.json of a case."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": case["vocab"],
        "hidden_size": case["hidden"],
        "intermediate_size": case["ffn"],
        "num_hidden_layers": case["layers"],
        "num_attention_heads": case["heads"],
        "num_key_value_heads": case["kv_heads"],
        "head_dim": case["head_dim"],
        "hidden_act": "silu",
        "rms_norm_eps": case.get("eps", 1e-5),
        "rope_theta": case.get("theta", 10000.0),
        "rope_scaling": case.get("scaling"),
        "max_position_embeddings": 512,
        "tie_word_embeddings": case.get("tied", False),
        "attention_bias": case.get("attention_bias", False),
        "mlp_bias": case.get("mlp_bias", False),
        "bos_token_id": 256,
        "eos_token_id": 257,
    }


LLAMAS = {name: config(case) for name, case in SIZES.items()}
