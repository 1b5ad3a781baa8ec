"""The other architectures: published configs (published_configs.py) with tiny sizes, and what they are variants of."""

from typing import NamedTuple

from published_configs import GEMMA2, GEMMA3, GPT2, GPT_NEOX, GRANITE, MISTRAL, OLMO2, PHI3, PHI4, QWEN2, QWEN3, SMOLLM3


class Case(NamedTuple):
    config: dict
    # what, changed in the config, must change the logits: a fixture that cannot tell is no witness
    acts: tuple = ()
    shortest_prompt: int = 1
    # most that K and V in f16 may cost the logits: a seed whose attention is sharper is no witness of a format
    most_cache_error: float = float("inf")


def sizes(vocab, hidden, ffn, layers, heads, kv_heads, **more):
    return {
        "vocab_size": vocab,
        "hidden_size": hidden,
        "intermediate_size": ffn,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": 512,
        **more,
    }


def neox_sizes(vocab, hidden, ffn, layers, heads):
    full = sizes(vocab, hidden, ffn, layers, heads, heads)
    del full["num_key_value_heads"]
    return full


CASES = {
    "qwen2": Case({**QWEN2, **sizes(283, 96, 152, 2, 6, 2)}, ({"rope_theta": 10000.0},)),
    # as Qwen1.5 and some fine-tunes ask for it: the layers from the second on slide
    "qwen2-window": Case(
        {
            **QWEN2,
            **sizes(271, 64, 128, 3, 4, 1),
            "tie_word_embeddings": False,
            "use_sliding_window": True,
            "sliding_window": 24,
            "max_window_layers": 1,
        },
        ({"use_sliding_window": False}, {"max_window_layers": 0}),
    ),
    "qwen3": Case({**QWEN3, **sizes(293, 64, 96, 2, 4, 2, head_dim=32)}),
    "qwen3-untied": Case({**QWEN3, **sizes(277, 96, 128, 3, 6, 2, head_dim=24), "tie_word_embeddings": False}),
    # as the model card says for long contexts
    "qwen3-yarn": Case(
        {
            **QWEN3,
            **sizes(265, 64, 104, 2, 4, 1, head_dim=32),
            "rope_theta": 10000,
            "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 128},
        },
        ({"rope_scaling": None}, {"rope_scaling": {"rope_type": "linear", "factor": 4.0}}),
    ),
    "mistral-window": Case({**MISTRAL, **sizes(269, 64, 112, 3, 8, 2)}, ({"sliding_window": None}, {"sliding_window": 25})),
    # mistralai/Mistral-Nemo-Instruct-2407: a head size of its own, no window
    "mistral-nemo": Case(
        {**MISTRAL, **sizes(281, 80, 120, 2, 4, 1, head_dim=16), "sliding_window": None, "rope_theta": 1000000.0}
    ),
    "smollm3": Case(
        {
            **SMOLLM3,
            **sizes(289, 64, 120, 4, 4, 1),
            "layer_types": ["full_attention"] * 4,
            "no_rope_layers": [1, 1, 1, 0],
        },
        ({"no_rope_layers": [1, 1, 1, 1]},),
    ),
    "smollm3-untied": Case(
        {**SMOLLM3, **sizes(263, 96, 96, 3, 6, 2), "no_rope_layers": [0, 1, 0], "tie_word_embeddings": False},
        ({"no_rope_layers": [1, 1, 0]}, {"no_rope_layers": [0, 1, 1]}),
    ),
    "granite": Case(
        {**GRANITE, **sizes(307, 64, 128, 2, 4, 2)},
        ({"residual_multiplier": 1.0}, {"embedding_multiplier": 1.0}, {"attention_multiplier": 0.25}, {"logits_scaling": 1.0}),
    ),
    "granite-untied": Case(
        {
            **GRANITE,
            **sizes(265, 96, 112, 3, 3, 1),
            "attention_multiplier": 0.25,
            "embedding_multiplier": 5.0,
            "logits_scaling": 0.75,
            "residual_multiplier": 0.6,
            "tie_word_embeddings": False,
        },
        ({"residual_multiplier": 1.0}, {"embedding_multiplier": 1.0}, {"attention_multiplier": 32**-0.5}, {"logits_scaling": 1.0}),
    ),
    "olmo2": Case({**OLMO2, **sizes(275, 64, 128, 2, 4, 4)}),
    # allenai/OLMo-2-0325-32B groups its queries
    "olmo2-gqa": Case({**OLMO2, **sizes(287, 96, 120, 3, 6, 2), "rms_norm_eps": 1e-3}, ({"rms_norm_eps": 1e-6},)),
    "gemma2": Case(
        {**GEMMA2, **sizes(299, 64, 128, 3, 4, 2), "head_dim": 32, "query_pre_attn_scalar": 32},
        (
            {"sliding_window": 512},
            {"sliding_window": 23},
            {"attn_logit_softcapping": 50.0},
            {"final_logit_softcapping": 30.0},
        ),
    ),
    # google/gemma-2-27b: the scale of the scores is not that of the head size
    "gemma2-27b": Case(
        {
            **GEMMA2,
            **sizes(267, 96, 96, 4, 6, 2),
            "head_dim": 16,
            "query_pre_attn_scalar": 64,
            "tie_word_embeddings": False,
            "attn_logit_softcapping": 2.0,
        },
        ({"query_pre_attn_scalar": 16}, {"attn_logit_softcapping": 50.0}),
    ),
    "gemma3": Case(
        {**GEMMA3, **sizes(303, 64, 96, 6, 4, 1), "head_dim": 32, "query_pre_attn_scalar": 32, "sliding_window_pattern": 6},
        ({"sliding_window": 512}, {"sliding_window_pattern": 5}, {"rope_local_base_freq": 1000000}, {"rope_theta": 10000}),
    ),
    # google/gemma-3-4b-it's scaling of the global layers, google/gemma-3-270m's way to say which those are
    "gemma3-layer-types": Case(
        {
            **GEMMA3,
            **sizes(273, 96, 80, 3, 4, 2),
            "_sliding_window_pattern": 6,
            "head_dim": 16,
            "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
            "query_pre_attn_scalar": 64,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "tie_word_embeddings": False,
            "use_bidirectional_attention": False,
        },
        ({"layer_types": ["sliding_attention"] * 3}, {"query_pre_attn_scalar": 16}, {"rope_scaling": None}),
    ),
    "phi3": Case({**PHI3, **sizes(279, 64, 96, 2, 4, 4)}, ({"sliding_window": 512},)),
    "phi4-longrope-short": Case(
        {**PHI4, **sizes(291, 96, 128, 2, 3, 1)},
        ({"partial_rotary_factor": 1.0, "rope_scaling": None}, {"rope_scaling": None}, {"max_position_embeddings": 256}),
    ),
    "phi4-longrope-long": Case(
        {**PHI4, **sizes(259, 64, 96, 3, 2, 2), "original_max_position_embeddings": 64},
        ({"original_max_position_embeddings": 512}, {"max_position_embeddings": 64}),
        shortest_prompt=65,
    ),
    "gpt2": Case({**GPT2, "vocab_size": 295, "n_embd": 64, "n_head": 4, "n_layer": 2}),
    "gpt2-prefixed": Case(
        {
            **GPT2,
            "vocab_size": 285,
            "n_embd": 96,
            "n_head": 3,
            "n_inner": 160,
            "n_layer": 3,
            "reorder_and_upcast_attn": False,
            "scale_attn_by_inverse_layer_idx": False,
            "scale_attn_weights": True,
            "transformers_version": "4.33.2",
            "use_cache": True,
        }
    ),
    "gpt-neox": Case({**GPT_NEOX, **neox_sizes(297, 128, 160, 2, 4)}, ({"rotary_pct": 1.0}, {"use_parallel_residual": False})),
    "gpt-neox-sequential": Case(
        {
            **GPT_NEOX,
            **neox_sizes(261, 96, 128, 3, 3),
            "attention_bias": True,
            "hidden_act": "gelu_new",
            "rotary_pct": 0.5,
            "use_parallel_residual": False,
        },
        ({"rotary_pct": 0.25}, {"use_parallel_residual": True}),
    ),
}
