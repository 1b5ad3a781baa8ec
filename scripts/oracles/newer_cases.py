"""
More of cases.py. Two shapes, which others have too: kernels that have been compiled for these serve here, so that a case costs
a test less.
"""

from cases import Case, sizes
from newer_configs import (
    APERTUS,
    ERNIE4,
    EXAONE4,
    GEMMA,
    GPT_NEO,
    HUNYUAN,
    MINICPM,
    MINISTRAL3,
    OLMO3,
    PHI,
    SEED_OSS,
    STABLELM,
    STARCODER2,
)

SMALL = sizes(307, 64, 128, 2, 4, 2)
OTHER = sizes(283, 96, 152, 2, 6, 2)
FACTORS = {"short_factor": [1, 1, 1.25, 1.5, 2, 2, 3, 4], "long_factor": [1, 1.3, 2.5, 4, 7, 12, 18, 28]}
LONGROPE = {"rope_type": "longrope", "original_max_position_embeddings": 256, **FACTORS}

NEWER = {
    "apertus": Case(
        {**APERTUS, **SMALL}, ({"hidden_act": "silu"}, {"same_numbers": True}, {"unnormed": True}, {"rope_scaling": None})
    ),
    "apertus-tied": Case(
        {**APERTUS, **OTHER, "attention_bias": True, "tie_word_embeddings": True, "rope_scaling": None},
        ({"hidden_act": "silu"}, {"same_numbers": True}, {"unnormed": True}),
    ),
    "gemma": Case({**GEMMA, **SMALL, "head_dim": 16}, ({"unscaled": True},)),
    "gemma-untied": Case({**GEMMA, **OTHER, "head_dim": 16, "tie_word_embeddings": False}, ({"unscaled": True},)),
    # three local layers and a global one
    "olmo3": Case(
        {**OLMO3, **SMALL, "num_hidden_layers": 4, "layer_types": ["sliding_attention"] * 3 + ["full_attention"]},
        ({"sliding_window": 512}, {"sliding_window": 23}, {"rope_scaling": None}, {"layer_types": ["sliding_attention"] * 4}),
    ),
    "olmo3-unscaled": Case({**OLMO3, **OTHER, "num_hidden_layers": 4, "rope_scaling": None}, ({"sliding_window": 25},)),
    "exaone4": Case(
        {**EXAONE4, **SMALL, "num_hidden_layers": 4},
        ({"sliding_window": 512}, {"always_turns": True}, {"rope_scaling": None}, {"sliding_window_pattern": "LLG"}),
    ),
    # LGAI-EXAONE/EXAONE-4.0-1.2B has no windows, and turns everywhere
    "exaone4-full": Case(
        {
            **EXAONE4,
            **OTHER,
            "head_dim": 16,
            "layer_types": ["full_attention"] * 2,
            "sliding_window": None,
            "sliding_window_pattern": None,
            "tie_word_embeddings": True,
        },
        ({"rope_scaling": None},),
    ),
    "ernie4": Case({**ERNIE4, **SMALL, "head_dim": 16}, ({"turns_halves": True},)),
    "ernie4-bias": Case(
        {**ERNIE4, **OTHER, "head_dim": 16, "tie_word_embeddings": False, "use_bias": True}, ({"turns_halves": True},)
    ),
    "hunyuan": Case(
        {**HUNYUAN, **SMALL, "attention_head_dim": 16, "head_dim": 16}, ({"norms_first": True}, {"rope_scaling": None})
    ),
    "hunyuan-untied": Case(
        {**HUNYUAN, **OTHER, "head_dim": 16, "rope_scaling": None, "tie_word_embeddings": False}, ({"norms_first": True},)
    ),
    "minicpm": Case(
        {**MINICPM, **SMALL, "dim_model_base": 16, "rope_scaling": LONGROPE, "scale_emb": 3},
        ({"scale_emb": 1}, {"scale_depth": 1.0}, {"dim_model_base": 64}, {"rope_scaling": None}),
    ),
    # openbmb/MiniCPM-2B-sft-bf16
    "minicpm-plain": Case(
        {**MINICPM, **OTHER, "dim_model_base": 64, "scale_emb": 2, "tie_word_embeddings": False}, ({"scale_depth": 1.0},)
    ),
    "ministral3": Case(
        {**MINISTRAL3, **SMALL, "head_dim": 16},
        (
            {"rope_parameters": {**MINISTRAL3["rope_parameters"], "llama_4_scaling_beta": 0}},
            {"rope_parameters": {**MINISTRAL3["rope_parameters"], "factor": 4.0}},
        ),
    ),
    "ministral3-untied": Case(
        {
            **MINISTRAL3,
            **OTHER,
            "head_dim": 16,
            "rope_parameters": {**MINISTRAL3["rope_parameters"], "llama_4_scaling_beta": 0.4},
            "tie_word_embeddings": False,
        },
        ({"rope_parameters": {**MINISTRAL3["rope_parameters"], "original_max_position_embeddings": 64}},),
    ),
    "stablelm": Case({**STABLELM, **SMALL}, ({"partial_rotary_factor": 0.5},)),
    "stablelm-unbiased": Case(
        {**STABLELM, **OTHER, "partial_rotary_factor": 0.5, "tie_word_embeddings": True, "use_qkv_bias": False},
        ({"partial_rotary_factor": 1.0},),
    ),
    "phi": Case({**PHI, **SMALL}, ({"in_turn": True}, {"partial_rotary_factor": 1.0})),
    "phi-other": Case({**PHI, **OTHER, "partial_rotary_factor": 0.25}, ({"in_turn": True},)),
    "starcoder2": Case({**STARCODER2, **SMALL}, ({"sliding_window": None}, {"sliding_window": 23})),
    "starcoder2-untied": Case(
        {**STARCODER2, **OTHER, "sliding_window": None, "tie_word_embeddings": False, "use_bias": False}
    ),
    "seed-oss": Case({**SEED_OSS, **SMALL, "head_dim": 16}, most_cache_error=1e-5),
    "gpt-neo": Case(
        {
            **GPT_NEO,
            "attention_layers": ["global", "local"],
            "attention_types": [[["global", "local"], 1]],
            "hidden_size": 64,
            "num_heads": 4,
            "num_layers": 2,
            "vocab_size": 295,
        },
        ({"window_size": 192}, {"window_size": 23}, {"scaled": True}),
    ),
    "gpt-neo-inner": Case(
        {
            **GPT_NEO,
            "attention_types": [[["local"], 1], [["global", "local"], 1]],
            "hidden_size": 96,
            "intermediate_size": 160,
            "num_heads": 3,
            "num_layers": 3,
            "vocab_size": 285,
        },
        ({"scaled": True}, {"attention_types": [[["global", "local"], 1], [["local"], 1]]}),
    ),
}
