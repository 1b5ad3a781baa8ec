// The shape bench-6m as a model of each family: for their speed beside a Llama with about as many weights.
import { SHAPES } from './model-shapes.mjs'

const { architectures: _, model_type: __, ...SIZES } = SHAPES['bench-6m']

const named = (architecture, fields = {}) => ({ architectures: [architecture], ...SIZES, ...fields })

/** Without gates the MLP has two matrices, not three. */
const UNGATED = { intermediate_size: 1152 }
const { num_hidden_layers: layers } = SIZES
const everyFourth = Array.from({ length: layers }, (___, i) => (i % 4 === 3 ? 'full_attention' : 'sliding_attention'))
const yarn = { rope_type: 'yarn', factor: 16, original_max_position_embeddings: 2048, rope_theta: 1e6 }

/** By what follows `bench-6m-`. */
const FAMILIES = {
  apertus: named('ApertusForCausalLM', { ...UNGATED, hidden_act: 'xielu', rope_scaling: null }),
  ernie4: named('Ernie4_5ForCausalLM', { use_bias: false }),
  exaone4: named('Exaone4ForCausalLM', { sliding_window: 4096, sliding_window_pattern: 'LLLG' }),
  gemma: named('GemmaForCausalLM', { hidden_act: 'gelu', hidden_activation: 'gelu_pytorch_tanh' }),
  gemma3: named('Gemma3ForCausalLM', {
    ...{ hidden_activation: 'gelu_pytorch_tanh', query_pre_attn_scalar: 64, rope_local_base_freq: 1e4 },
    ...{ sliding_window: 512, sliding_window_pattern: 6 },
  }),
  'gpt-neo': {
    architectures: ['GPTNeoForCausalLM'],
    ...{ activation_function: 'gelu_new', attention_types: [[['global', 'local'], layers / 2]], window_size: 256 },
    ...{ vocab_size: SIZES.vocab_size, hidden_size: SIZES.hidden_size, intermediate_size: 1152, num_layers: layers },
    ...{ num_heads: SIZES.num_attention_heads, max_position_embeddings: 2048, layer_norm_epsilon: 1e-5 },
    ...{ bos_token_id: SIZES.bos_token_id, eos_token_id: SIZES.eos_token_id },
  },
  hunyuan: named('HunYuanDenseV1ForCausalLM', { use_qk_norm: true }),
  minicpm: named('MiniCPMForCausalLM', { dim_model_base: 64, scale_depth: 1.4, scale_emb: 12 }),
  ministral3: named('Ministral3ForCausalLM', {
    rope_parameters: { ...yarn, llama_4_scaling_beta: 0.1, mscale: 1, mscale_all_dim: 1 },
  }),
  olmo3: named('Olmo3ForCausalLM', { layer_types: everyFourth, sliding_window: 4096 }),
  phi: named('PhiForCausalLM', {
    ...{ ...UNGATED, hidden_act: 'gelu_new', layer_norm_eps: 1e-5, partial_rotary_factor: 0.5 },
    tie_word_embeddings: false,
  }),
  'seed-oss': named('SeedOssForCausalLM', { attention_bias: true }),
  stablelm: named('StableLmForCausalLM', { layer_norm_eps: 1e-5, partial_rotary_factor: 0.25, use_qkv_bias: true }),
  starcoder2: named('Starcoder2ForCausalLM', {
    ...{ ...UNGATED, hidden_act: 'gelu_pytorch_tanh', norm_epsilon: 1e-5, sliding_window: 4096, use_bias: true },
  }),
}

/** config.json of `bench-6m-NAME`, by that name; `max_position_embeddings` of GPT-Neo are rows of a matrix, and so fewer. */
export const FAMILY_SHAPES = Object.fromEntries(
  Object.entries(FAMILIES).map(([name, config]) => [`bench-6m-${name}`, config]),
)
