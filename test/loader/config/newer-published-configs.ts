import type { JsonObject } from '../../../src/core/json'

const SIZES = (
  vocab_size: number,
  hidden_size: number,
  intermediate_size: number,
  num_hidden_layers: number,
  num_attention_heads: number,
  num_key_value_heads: number,
  max_position_embeddings: number,
) => ({
  ...{ vocab_size, hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads },
  max_position_embeddings,
})

/**
 * More of `PUBLISHED`: models of 2024 to 2026, and two older ones; sizes first, then the other fields. Written down from memory of the
 * published files; each says what of it was held to a public text since.
 */
export const NEWER: Readonly<Record<string, JsonObject>> = {
  // held to copies of its config.json in the tests of two other readers, all but tokens, dropouts and transformers_version
  'swiss-ai/Apertus-8B-Instruct-2509': {
    architectures: ['ApertusForCausalLM'],
    ...SIZES(131_072, 4096, 21_504, 32, 32, 8, 65_536),
    ...{ attention_bias: false, attention_dropout: 0.0, bos_token_id: 1, eos_token_id: 68, hidden_act: 'xielu' },
    ...{ hidden_dropout: 0.0, initializer_range: 0.02, mlp_bias: false, model_type: 'apertus', pad_token_id: 3 },
    ...{ post_norm: false, qk_norm: true, rms_norm_eps: 1e-5, rope_theta: 12_000_000, tie_word_embeddings: false },
    rope_scaling: {
      ...{ factor: 8.0, high_freq_factor: 4.0, low_freq_factor: 1.0, original_max_position_embeddings: 8192 },
      ...{ rope_type: 'llama3', type: 'llama3' },
    },
    ...{ dtype: 'bfloat16', transformers_version: '4.56.0.dev0', use_cache: true },
  },
  // sizes, head_dim and rope_theta: held to a script that converts it
  'tiiuae/Falcon3-1B-Instruct': {
    architectures: ['LlamaForCausalLM'],
    ...SIZES(131_072, 2048, 8192, 18, 8, 4, 8192),
    ...{ activation: 'swiglu', attention_bias: false, attention_dropout: 0.0, eos_token_id: 11, head_dim: 256 },
    ...{ hidden_act: 'silu', initializer_range: 0.02, mlp_bias: false, model_type: 'llama', pretraining_tp: 1 },
    ...{ rms_norm_eps: 1e-6, rope_scaling: null, rope_theta: 1_000_042, tie_word_embeddings: false },
    ...{ torch_dtype: 'bfloat16', transformers_version: '4.46.1', use_cache: true },
  },
  // from memory
  'google/gemma-2b': {
    architectures: ['GemmaForCausalLM'],
    ...SIZES(256_000, 2048, 16_384, 18, 8, 1, 8192),
    ...{ attention_bias: false, attention_dropout: 0.0, bos_token_id: 2, eos_token_id: 1, head_dim: 256 },
    ...{ hidden_act: 'gelu', hidden_activation: null, initializer_range: 0.02, model_type: 'gemma', pad_token_id: 0 },
    ...{ rms_norm_eps: 1e-6, rope_scaling: null, rope_theta: 10000.0, torch_dtype: 'bfloat16', use_cache: true },
    transformers_version: '4.38.0.dev0',
  },
  // from memory
  'google/gemma-3-4b-it': {
    architectures: ['Gemma3ForConditionalGeneration'],
    ...{ boi_token_index: 255_999, eoi_token_index: 256_000, eos_token_id: [1, 106], image_token_index: 262_144 },
    ...{ initializer_range: 0.02, mm_tokens_per_image: 256, model_type: 'gemma3', torch_dtype: 'bfloat16' },
    transformers_version: '4.50.0.dev0',
    text_config: {
      ...{ hidden_size: 2560, intermediate_size: 10_240, model_type: 'gemma3_text', num_hidden_layers: 34 },
      ...{ rope_scaling: { factor: 8.0, rope_type: 'linear' }, sliding_window: 1024 },
    },
    vision_config: {
      ...{ hidden_size: 1152, image_size: 896, intermediate_size: 4304, model_type: 'siglip_vision_model' },
      ...{ num_attention_heads: 16, num_hidden_layers: 27, patch_size: 14, vision_use_head: false },
    },
  },
  // held to the copy in another project's code; of vision_config, what stands here
  'Qwen/Qwen3-VL-4B-Instruct': {
    architectures: ['Qwen3VLForConditionalGeneration'],
    ...{ image_token_id: 151_655, model_type: 'qwen3_vl', tie_word_embeddings: true, video_token_id: 151_656 },
    ...{ transformers_version: '4.57.0.dev0', vision_end_token_id: 151_653, vision_start_token_id: 151_652 },
    text_config: {
      ...SIZES(151_936, 2560, 9728, 36, 32, 8, 262_144),
      ...{ attention_bias: false, attention_dropout: 0.0, bos_token_id: 151_643, dtype: 'bfloat16', head_dim: 128 },
      ...{ eos_token_id: 151_645, hidden_act: 'silu', initializer_range: 0.02, model_type: 'qwen3_vl_text' },
      ...{ rms_norm_eps: 1e-6, rope_theta: 5_000_000, tie_word_embeddings: true, use_cache: true },
      rope_scaling: { mrope_interleaved: true, mrope_section: [24, 20, 20], rope_type: 'default' },
    },
    vision_config: { deepstack_visual_indexes: [5, 11, 17], depth: 24, hidden_size: 1024 },
  },
  // sizes and heads, and YaRN's numbers as those of the 8B: held to other readers' tables; the rest from memory
  'mistralai/Ministral-3-3B-Instruct-2512-BF16': {
    architectures: ['Mistral3ForConditionalGeneration'],
    ...{ dtype: 'bfloat16', image_token_index: 10, model_type: 'mistral3', multimodal_projector_bias: false },
    ...{ projector_hidden_act: 'gelu', spatial_merge_size: 2, vision_feature_layer: -1 },
    text_config: {
      ...SIZES(131_072, 3072, 9216, 26, 32, 8, 262_144),
      ...{ attention_dropout: 0.0, head_dim: 128, hidden_act: 'silu', initializer_range: 0.02 },
      ...{ model_type: 'ministral3', rms_norm_eps: 1e-5, sliding_window: null, tie_word_embeddings: true },
      rope_parameters: {
        ...{ beta_fast: 32.0, beta_slow: 1.0, factor: 16.0, llama_4_scaling_beta: 0.1, mscale: 1.0 },
        ...{ mscale_all_dim: 1.0, original_max_position_embeddings: 16_384, rope_theta: 1_000_000.0 },
        ...{ rope_type: 'yarn', type: 'yarn' },
      },
      use_cache: true,
    },
    vision_config: { hidden_size: 1024, model_type: 'pixtral' },
  },
  // sizes, heads, window, rope_theta and rope_scaling: held to tests of two other readers; the rest from memory
  'allenai/Olmo-3-7B-Instruct': {
    architectures: ['Olmo3ForCausalLM'],
    ...SIZES(100_278, 4096, 11_008, 32, 32, 32, 65_536),
    ...{ attention_bias: false, attention_dropout: 0.0, dtype: 'bfloat16', eos_token_id: 100_257, hidden_act: 'silu' },
    ...{ initializer_range: 0.02, model_type: 'olmo3', pad_token_id: 100_277, rms_norm_eps: 1e-6 },
    ...{ rope_theta: 500_000, sliding_window: 4096, tie_word_embeddings: false, use_cache: false },
    layer_types: Array.from({ length: 32 }, (_, i) => (i % 4 === 3 ? 'full_attention' : 'sliding_attention')),
    rope_scaling: {
      ...{ attention_factor: 1.2079441541679836, beta_fast: 32.0, beta_slow: 1.0, factor: 8.0 },
      ...{ original_max_position_embeddings: 8192, rope_type: 'yarn' },
    },
    transformers_version: '4.57.1',
  },
  // held to the copy in a test of another engine, which has fewer layers and a shorter window
  'LGAI-EXAONE/EXAONE-4.0-32B': {
    architectures: ['Exaone4ForCausalLM'],
    ...SIZES(102_400, 5120, 27_392, 64, 40, 8, 131_072),
    ...{ attention_dropout: 0.0, bos_token_id: 1, eos_token_id: 361, head_dim: 128, hidden_act: 'silu' },
    ...{ initializer_range: 0.02, model_type: 'exaone4', pad_token_id: 0, rms_norm_eps: 1e-5, rope_theta: 1_000_000 },
    ...{ sliding_window: 4096, sliding_window_pattern: 'LLLG', tie_word_embeddings: false, torch_dtype: 'bfloat16' },
    rope_scaling: {
      ...{ factor: 16.0, high_freq_factor: 4.0, low_freq_factor: 1.0, original_max_position_embeddings: 8192 },
      rope_type: 'llama3',
    },
    ...{ transformers_version: '4.54.0.dev0', use_cache: true },
  },
  // held to a copy of its config.json
  'baidu/ERNIE-4.5-0.3B-PT': {
    architectures: ['Ernie4_5_ForCausalLM'],
    ...SIZES(103_424, 1024, 3072, 18, 16, 2, 131_072),
    auto_map: {
      AutoConfig: 'configuration_ernie4_5.Ernie4_5_Config',
      AutoModel: 'modeling_ernie4_5.Ernie4_5_Model',
      AutoModelForCausalLM: 'modeling_ernie4_5.Ernie4_5_ForCausalLM',
    },
    ...{ bos_token_id: 1, eos_token_id: 2, head_dim: 128, hidden_act: 'silu', model_type: 'ernie4_5' },
    ...{ pad_token_id: 0, rms_norm_eps: 1e-5, rope_theta: 500_000, tie_word_embeddings: true },
    ...{ torch_dtype: 'bfloat16', use_bias: false, use_cache: false },
  },
  // sizes, heads, alpha and tokens: held to tests of two other readers, of which one has 262,144 positions; the rest from memory
  'tencent/Hunyuan-7B-Instruct': {
    architectures: ['HunYuanDenseV1ForCausalLM'],
    ...SIZES(128_167, 4096, 14_336, 32, 32, 8, 32_768),
    ...{ add_classification_head: false, attention_bias: false, attention_dropout: 0.0, attention_head_dim: 128 },
    ...{ bos_token_id: 127_958, eod_token_id: 127_957, eos_token_id: 127_960, head_dim: 128, hidden_act: 'silu' },
    ...{ im_end_id: 5, im_newline_id: 11, im_start_id: 4, initializer_range: 0.02, mask_init_id: 12, mlp_bias: false },
    ...{ model_type: 'hunyuan_v1_dense', norm_type: 'rms', org_vocab_size: 128_167, pad_id: 127_961 },
    ...{ pad_token_id: 127_961, pool_type: 'last', pretraining_tp: 1, rms_norm_eps: 1e-5, rope_theta: 10000.0 },
    rope_scaling: {
      ...{ alpha: 1000.0, beta_fast: 32, beta_slow: 1, factor: 1.0, mscale: 1.0, mscale_all_dim: 1.0, type: 'dynamic' },
    },
    ...{ sep_token_id: 127_962, text_end_id: 7, text_start_id: 6, tie_word_embeddings: true, torch_dtype: 'bfloat16' },
    ...{ transformers_version: '4.55.0.dev0', use_cache: false, use_cla: false, use_qk_norm: true },
    use_rotary_pos_emb: true,
  },
  // sizes, heads, scale_emb, scale_depth, dim_model_base, the kind of rope_scaling: held to another reader's tests; the factors of LongRoPE are placeholders
  'openbmb/MiniCPM4-0.5B': {
    architectures: ['MiniCPMForCausalLM'],
    ...SIZES(73_448, 1024, 4096, 24, 16, 2, 32_768),
    auto_map: { AutoModelForCausalLM: 'modeling_minicpm.MiniCPMForCausalLM' },
    ...{ bos_token_id: 1, dim_model_base: 256, eos_token_id: [2, 73_440], hidden_act: 'silu', initializer_range: 0.1 },
    ...{ model_type: 'minicpm', rms_norm_eps: 1e-5, rope_theta: 10000.0, scale_depth: 1.4, scale_emb: 12 },
    rope_scaling: {
      long_factor: Array(32).fill(1.5),
      original_max_position_embeddings: 32_768,
      rope_type: 'longrope',
      short_factor: Array(32).fill(1.5),
    },
    ...{ torch_dtype: 'bfloat16', transformers_version: '4.46.3', use_cache: true },
  },
  // from memory, and not found since but for the number of layers
  'stabilityai/stablelm-2-zephyr-1_6b': {
    architectures: ['StableLmForCausalLM'],
    ...SIZES(100_352, 2048, 5632, 24, 32, 32, 4096),
    ...{ bos_token_id: 100_257, eos_token_id: 100_257, hidden_act: 'silu', initializer_range: 0.02 },
    ...{ layer_norm_eps: 1e-5, model_type: 'stablelm', partial_rotary_factor: 0.25, rope_theta: 10_000 },
    ...{ tie_word_embeddings: false, torch_dtype: 'float16', transformers_version: '4.38.0', use_cache: true },
    use_qkv_bias: true,
  },
  // held to the copy in a test of another project, all but torch_dtype and transformers_version
  'microsoft/phi-2': {
    architectures: ['PhiForCausalLM'],
    ...SIZES(51_200, 2560, 10_240, 32, 32, 32, 2048),
    ...{ attention_dropout: 0.0, bos_token_id: 50_256, embd_pdrop: 0.0, eos_token_id: 50_256, hidden_act: 'gelu_new' },
    ...{ initializer_range: 0.02, layer_norm_eps: 1e-5, model_type: 'phi', partial_rotary_factor: 0.4 },
    ...{ qk_layernorm: false, resid_pdrop: 0.1, rope_scaling: null, rope_theta: 10000.0, tie_word_embeddings: false },
    ...{ torch_dtype: 'float16', transformers_version: '4.37.0', use_cache: true },
  },
  // sizes and heads: held to other readers' tests; the rest from memory
  'bigcode/starcoder2-3b': {
    architectures: ['Starcoder2ForCausalLM'],
    ...SIZES(49_152, 3072, 12_288, 30, 24, 2, 16_384),
    ...{ attention_dropout: 0.1, bos_token_id: 0, embedding_dropout: 0.1, eos_token_id: 0, use_bias: true },
    ...{ hidden_act: 'gelu_pytorch_tanh', initializer_range: 0.018042, mlp_type: 'default', model_type: 'starcoder2' },
    ...{ norm_epsilon: 1e-5, norm_type: 'layer_norm', residual_dropout: 0.1, rope_theta: 999999.4420358813 },
    ...{ sliding_window: 4096, torch_dtype: 'float32', transformers_version: '4.37.0.dev0', use_cache: true },
  },
  // sizes and heads: held to a test of another reader; the other fields to a copy of TinyStories-8M's
  'roneneldan/TinyStories-33M': {
    architectures: ['GPTNeoForCausalLM'],
    ...{ vocab_size: 50_257, hidden_size: 768, num_layers: 4, num_heads: 16, max_position_embeddings: 2048 },
    ...{
      activation_function: 'gelu_new',
      attention_dropout: 0,
      attention_layers: ['global', 'local', 'global', 'local'],
    },
    ...{ attention_types: [[['global', 'local'], 2]], bos_token_id: 50_256, embed_dropout: 0, eos_token_id: 50_256 },
    ...{ gradient_checkpointing: false, initializer_range: 0.02, intermediate_size: null, layer_norm_epsilon: 1e-5 },
    ...{ model_type: 'gpt_neo', resid_dropout: 0, summary_activation: null, summary_first_dropout: 0.1 },
    ...{ summary_proj_to_labels: true, summary_type: 'cls_index', summary_use_proj: true, torch_dtype: 'float32' },
    ...{ transformers_version: '4.28.1', use_cache: true, window_size: 256 },
  },
}
