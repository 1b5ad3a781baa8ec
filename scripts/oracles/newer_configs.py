"""More of published_configs.py: models of 2024 to 2026, and two older ones."""

from published_configs import GPT2, TOKENS

# google/gemma-2b
GEMMA = {
    "architectures": ["GemmaForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "hidden_act": "gelu",
    "hidden_activation": "gelu_pytorch_tanh",
    "initializer_range": 0.02,
    "model_type": "gemma",
    "pad_token_id": 0,
    "rms_norm_eps": 1e-06,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.38.0.dev0",
    "use_cache": True,
    **TOKENS,
}

# swiss-ai/Apertus-8B-Instruct-2509
APERTUS = {
    "architectures": ["ApertusForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "hidden_act": "xielu",
    "hidden_dropout": 0.0,
    "initializer_range": 0.02,
    "mlp_bias": False,
    "model_type": "apertus",
    "pad_token_id": 3,
    "post_norm": False,
    "qk_norm": True,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "factor": 8.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 64,
        "rope_type": "llama3",
        "type": "llama3",
    },
    "rope_theta": 12000000,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "use_cache": True,
    **TOKENS,
}

# allenai/Olmo-3-7B-Instruct
OLMO3 = {
    "architectures": ["Olmo3ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "dtype": "bfloat16",
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "model_type": "olmo3",
    "pad_token_id": 258,
    "rms_norm_eps": 1e-06,
    "rope_scaling": {
        "attention_factor": 1.2079441541679836,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "factor": 8.0,
        "original_max_position_embeddings": 64,
        "rope_type": "yarn",
    },
    "rope_theta": 500000,
    "sliding_window": 24,
    "tie_word_embeddings": False,
    "transformers_version": "4.57.1",
    "use_cache": True,
    **TOKENS,
}

# LGAI-EXAONE/EXAONE-4.0-32B
EXAONE4 = {
    "architectures": ["Exaone4ForCausalLM"],
    "attention_dropout": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "model_type": "exaone4",
    "pad_token_id": 0,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "factor": 16.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        # small, as llama_cases.py has it, so that all three bands of frequencies occur
        "original_max_position_embeddings": 32,
        "rope_type": "llama3",
    },
    "rope_theta": 1000000,
    "sliding_window": 24,
    "sliding_window_pattern": "LLLG",
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.54.0.dev0",
    "use_cache": True,
    **TOKENS,
}

# baidu/ERNIE-4.5-0.3B-PT
ERNIE4 = {
    "architectures": ["Ernie4_5ForCausalLM"],
    "hidden_act": "silu",
    "model_type": "ernie4_5",
    "pad_token_id": 0,
    "rms_norm_eps": 1e-05,
    "rope_theta": 500000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "use_bias": False,
    "use_cache": True,
    **TOKENS,
}

# tencent/Hunyuan-0.5B-Instruct
HUNYUAN = {
    "add_classification_head": False,
    "architectures": ["HunYuanDenseV1ForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "mlp_bias": False,
    "model_type": "hunyuan_v1_dense",
    "norm_type": "rms",
    "pad_token_id": 258,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "alpha": 1000.0,
        "beta_fast": 32,
        "beta_slow": 1,
        "factor": 1.0,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "type": "dynamic",
    },
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.41.2",
    "use_cache": True,
    "use_qk_norm": True,
    **TOKENS,
}

# openbmb/MiniCPM4-0.5B
MINICPM = {
    "architectures": ["MiniCPMForCausalLM"],
    "auto_map": {
        "AutoConfig": "configuration_minicpm.MiniCPMConfig",
        "AutoModelForCausalLM": "modeling_minicpm.MiniCPMForCausalLM",
    },
    "dim_model_base": 256,
    "hidden_act": "silu",
    "initializer_range": 0.1,
    "model_type": "minicpm",
    "rms_norm_eps": 1e-05,
    "rope_theta": 10000.0,
    "scale_depth": 1.4,
    "scale_emb": 12,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.46.3",
    "use_cache": True,
    **TOKENS,
}

# mistralai/Ministral-3-3B-Instruct-2512, its text_config
MINISTRAL3 = {
    "architectures": ["Ministral3ForCausalLM"],
    "attention_dropout": 0.0,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "model_type": "ministral3",
    "rms_norm_eps": 1e-05,
    "rope_parameters": {
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "factor": 16.0,
        "llama_4_scaling_beta": 0.1,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "original_max_position_embeddings": 32,
        "rope_theta": 1000000.0,
        "rope_type": "yarn",
        "type": "yarn",
    },
    "sliding_window": None,
    "tie_word_embeddings": True,
    "use_cache": True,
    **TOKENS,
}

# stabilityai/stablelm-2-zephyr-1_6b
STABLELM = {
    "architectures": ["StableLmForCausalLM"],
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-05,
    "model_type": "stablelm",
    "partial_rotary_factor": 0.25,
    "rope_theta": 10000,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "transformers_version": "4.38.0",
    "use_cache": True,
    "use_qkv_bias": True,
    **TOKENS,
}

# microsoft/phi-2, of whose heads 0.4 turn
PHI = {
    "architectures": ["PhiForCausalLM"],
    "attention_dropout": 0.0,
    "embd_pdrop": 0.0,
    "hidden_act": "gelu_new",
    "initializer_range": 0.02,
    "layer_norm_eps": 1e-05,
    "model_type": "phi",
    "partial_rotary_factor": 0.5,
    "qk_layernorm": False,
    "resid_pdrop": 0.1,
    "rope_scaling": None,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "float16",
    "transformers_version": "4.37.0",
    "use_cache": True,
    **TOKENS,
}

# bigcode/starcoder2-3b
STARCODER2 = {
    "architectures": ["Starcoder2ForCausalLM"],
    "attention_dropout": 0.1,
    "embedding_dropout": 0.1,
    "hidden_act": "gelu_pytorch_tanh",
    "initializer_range": 0.018042,
    "mlp_type": "default",
    "model_type": "starcoder2",
    "norm_epsilon": 1e-05,
    "norm_type": "layer_norm",
    "residual_dropout": 0.1,
    "rope_theta": 999999.4420358813,
    "sliding_window": 24,
    "torch_dtype": "float32",
    "transformers_version": "4.37.0.dev0",
    "use_bias": True,
    "use_cache": True,
    **TOKENS,
}

# ByteDance-Seed/Seed-OSS-36B-Instruct
SEED_OSS = {
    "architectures": ["SeedOssForCausalLM"],
    "attention_bias": True,
    "attention_dropout": 0.1,
    "attention_out_bias": False,
    "hidden_act": "silu",
    "initializer_range": 0.02,
    "mlp_bias": False,
    "model_type": "seed_oss",
    "pad_token_id": 1,
    "residual_dropout": 0.1,
    "rms_norm_eps": 1e-06,
    "rope_scaling": {"rope_type": "default"},
    "rope_theta": 10000000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "transformers_version": "4.55.0",
    "use_cache": True,
    **TOKENS,
}

# roneneldan/TinyStories-33M
GPT_NEO = {
    **{name: value for name, value in GPT2.items() if name.startswith("summary_")},
    "activation_function": "gelu_new",
    "architectures": ["GPTNeoForCausalLM"],
    "attention_dropout": 0,
    "embed_dropout": 0,
    "gradient_checkpointing": False,
    "initializer_range": 0.02,
    "intermediate_size": None,
    "layer_norm_epsilon": 1e-05,
    "max_position_embeddings": 192,
    "model_type": "gpt_neo",
    "resid_dropout": 0,
    "torch_dtype": "float32",
    "transformers_version": "4.28.1",
    "use_cache": True,
    "window_size": 24,
    **TOKENS,
}
