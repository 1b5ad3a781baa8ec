"""
The other architectures. A case is config.json as the named repository has it, field for field, but for sizes (and with
them windows, caps and bases, so that at these lengths they act) and special tokens. `Case.acts`: what, changed in the
config, must change the logits; a fixture that cannot tell is no witness.
"""

from typing import NamedTuple


class Case(NamedTuple):
    config: dict
    acts: tuple = ()
    shortest_prompt: int = 1


TOKENS = {"bos_token_id": 256, "eos_token_id": 257}


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


# Qwen/Qwen2.5-0.5B
QWEN2 = {
    "architectures": ["Qwen2ForCausalLM"],
    "attention_dropout": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "max_window_layers": 24,
    "model_type": "qwen2",
    "rms_norm_eps": 1e-06,
    "rope_theta": 1000000.0,
    "sliding_window": 32768,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.40.1",
    "use_cache": True,
    "use_mrope": False,
    "use_sliding_window": False,
    **TOKENS,
}

# Qwen/Qwen3-0.6B
QWEN3 = {
    "architectures": ["Qwen3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "max_window_layers": 28,
    "model_type": "qwen3",
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": None,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.51.0",
    "use_cache": True,
    "use_sliding_window": False,
    **TOKENS,
}

# mistralai/Mistral-7B-v0.1
MISTRAL = {
    "architectures": ["MistralForCausalLM"],
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "model_type": "mistral",
    "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0,
    "sliding_window": 24,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.34.0.dev0",
    "use_cache": True,
    **TOKENS,
}

# HuggingFaceTB/SmolLM3-3B
SMOLLM3 = {
    "architectures": ["SmolLM3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "max_window_layers": 28,
    "mlp_bias": False,
    "model_type": "smollm3",
    "no_rope_layer_interval": 4,
    "pretraining_tp": 2,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 5000000.0,
    "sliding_window": None,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.54.0.dev0",
    "use_cache": False,
    "use_sliding_window": False,
    **TOKENS,
}

# ibm-granite/granite-3.3-2b-instruct
GRANITE = {
    "architectures": ["GraniteForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "attention_multiplier": 0.0625,
    "embedding_multiplier": 3.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "logits_scaling": 8.0,
    "mlp_bias": False,
    "model_type": "granite",
    "residual_multiplier": 0.5,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 10000000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.49.0",
    "use_cache": True,
    **TOKENS,
}

# allenai/OLMo-2-0425-1B
OLMO2 = {
    "architectures": ["Olmo2ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "model_type": "olmo2",
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 500000,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
    "transformers_version": "4.49.0",
    "use_cache": True,
    **TOKENS,
}

# google/gemma-2-2b-it
GEMMA2 = {
    "architectures": ["Gemma2ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "attn_logit_softcapping": 5.0,
    "bos_token_id": 256,
    "cache_implementation": "hybrid",
    "eos_token_id": [257, 258],
    "final_logit_softcapping": 6.0,
    "hidden_act": "gelu_pytorch_tanh",
    "hidden_activation": "gelu_pytorch_tanh",
    "initializer_range": 0.02,
    "model_type": "gemma2",
    "pad_token_id": 0,
    "rms_norm_eps": 1e-06,
    "rope_theta": 10000.0,
    "sliding_window": 24,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.42.0.dev0",
    "use_cache": True,
}

# google/gemma-3-1b-it
GEMMA3 = {
    "architectures": ["Gemma3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "attn_logit_softcapping": None,
    "bos_token_id": 256,
    "cache_implementation": "hybrid",
    "eos_token_id": [257, 258],
    "final_logit_softcapping": None,
    "hidden_activation": "gelu_pytorch_tanh",
    "initializer_range": 0.02,
    "model_type": "gemma3_text",
    "pad_token_id": 0,
    "rms_norm_eps": 1e-06,
    "rope_local_base_freq": 10000,
    "rope_scaling": None,
    "rope_theta": 1000000,
    "sliding_window": 24,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.50.0.dev0",
    "use_cache": True,
}

# microsoft/Phi-3-mini-4k-instruct
PHI3 = {
    "_name_or_path": "Phi-3-mini-4k-instruct",
    "architectures": ["Phi3ForCausalLM"],
    "attention_dropout": 0.0,
    "auto_map": {
        "AutoConfig": "configuration_phi3.Phi3Config",
        "AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM",
    },
    "embd_pdrop": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "model_type": "phi3",
    "original_max_position_embeddings": 512,
    "pad_token_id": 258,
    "resid_pdrop": 0.0,
    "rms_norm_eps": 1e-05,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "sliding_window": 24,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.40.2",
    "use_cache": True,
    "attention_bias": False,
    **TOKENS,
}

# microsoft/Phi-4-mini-instruct
PHI4 = {
    **PHI3,
    "_name_or_path": "Phi-4-mini-instruct",
    "full_attn_mod": 1,
    "interpolate_factor": 1,
    "lm_head_bias": False,
    "mlp_bias": False,
    "original_max_position_embeddings": 256,
    "partial_rotary_factor": 0.75,
    "rope_scaling": {
        # one factor for each of head_dim * partial_rotary_factor / 2 = 12 frequencies
        "long_factor": [1, 1.1, 1.3, 1.7, 2.5, 4, 7, 12, 18, 24, 28, 32],
        "short_factor": [1, 1, 1, 1.25, 1.25, 1.5, 1.5, 2, 2, 3, 3, 4],
        "type": "longrope",
    },
    "sliding_window": 262144,
    "tie_word_embeddings": True,
    "transformers_version": "4.45.0",
}

# openai-community/gpt2
GPT2 = {
    "activation_function": "gelu_new",
    "architectures": ["GPT2LMHeadModel"],
    "attn_pdrop": 0.1,
    "embd_pdrop": 0.1,
    "initializer_range": 0.02,
    "layer_norm_epsilon": 1e-05,
    "model_type": "gpt2",
    "n_ctx": 160,
    "n_positions": 160,
    "resid_pdrop": 0.1,
    "summary_activation": None,
    "summary_first_dropout": 0.1,
    "summary_proj_to_labels": True,
    "summary_type": "cls_index",
    "summary_use_proj": True,
    "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
    **TOKENS,
}

# EleutherAI/pythia-70m
GPT_NEOX = {
    "architectures": ["GPTNeoXForCausalLM"],
    "hidden_act": "gelu",
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-05,
    "max_position_embeddings": 512,
    "model_type": "gpt_neox",
    "rotary_emb_base": 10000,
    "rotary_pct": 0.25,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "transformers_version": "4.24.0",
    "use_cache": True,
    "use_parallel_residual": True,
    **TOKENS,
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
