/**
 * Seeded models as llama.cpp's converter (`convert_hf_to_gguf.py`) writes them: its fields, names and orders of rows.
 * What llama.cpp cannot express (see docs/oracles.md) is left out.
 */
import { tokenizerFields } from '../loader/gguf/seeded-gguf'
import { BOOL, F32, type Field, LIST, TEXT, type TensorInput, U32, writeGguf } from '../loader/gguf/write-gguf'
import { type HfConfig, seededTensors } from './seeded-architectures'
import { numElements, type SeededTensor } from './seeded-tensors'
import { BEGIN_ID, byteLevelTokenizer, END_ID } from './seeded-tokenizer'
import { seededValues } from './seeded-weights'

/** llama.cpp's name of each architecture that it knows. */
const NAMES: Readonly<Record<string, string>> = {
  LlamaForCausalLM: 'llama',
  MistralForCausalLM: 'llama',
  Qwen2ForCausalLM: 'qwen2',
  Qwen3ForCausalLM: 'qwen3',
  SmolLM3ForCausalLM: 'smollm3',
  GraniteForCausalLM: 'granite',
  Olmo2ForCausalLM: 'olmo2',
  Olmo3ForCausalLM: 'olmo2',
  Exaone4ForCausalLM: 'exaone4',
  Ernie4_5ForCausalLM: 'ernie4_5',
  HunYuanDenseV1ForCausalLM: 'hunyuan-dense',
  StableLmForCausalLM: 'stablelm',
  PhiForCausalLM: 'phi2',
  Starcoder2ForCausalLM: 'starcoder2',
  GemmaForCausalLM: 'gemma',
  Gemma2ForCausalLM: 'gemma2',
  Gemma3ForCausalLM: 'gemma3',
  Phi3ForCausalLM: 'phi3',
  GPT2LMHeadModel: 'gpt2',
  GPTNeoXForCausalLM: 'gptneox',
}

/** Their RoPE turns neighbouring elements; that of the others turns halves, as Hugging Face's does. */
const INTERLEAVED = ['llama', 'smollm3', 'granite']

const RENAMED: readonly (readonly [from: RegExp, to: string])[] = [
  [/^transformer\.|^gpt_neox\./, ''],
  [/^model\.embed_tokens|^wte|^embed_in/, 'token_embd'],
  [/^wpe/, 'position_embd'],
  [/^model\.norm|^model\.final_layernorm|^ln_f|^final_layer_norm/, 'output_norm'],
  [/^lm_head|^embed_out/, 'output'],
  [/^(model\.layers|layers|h)\./, 'blk.'],
  [/input_layernorm|ln_1/, 'attn_norm'],
  [/self_attn\.([qkv])_proj/, 'attn_$1'],
  [/self_attn\.([qk])_norm/, 'attn_$1_norm'],
  [/self_attn\.([qk])\w+_layernorm/, 'attn_$1_norm'],
  [/self_attn\.qkv_proj|attn\.c_attn|attention\.query_key_value/, 'attn_qkv'],
  [/self_attn\.(?:o_proj|dense)|attn\.c_proj|attention\.dense/, 'attn_output'],
  [/pre_feedforward_layernorm|ln_2/, 'ffn_norm'],
  [/post_feedforward_layernorm/, 'post_ffw_norm'],
  [/mlp\.gate_proj/, 'ffn_gate'],
  [/mlp\.up_proj|mlp\.gate_up_proj|mlp\.c_fc|mlp\.fc1|mlp\.dense_h_to_4h/, 'ffn_up'],
  [/mlp\.down_proj|mlp\.c_proj|mlp\.fc2|mlp\.dense_4h_to_h/, 'ffn_down'],
]

/** Whose windows the converter writes. */
const HAS_WINDOWS = ['gemma2', 'gemma3', 'olmo2', 'exaone4']

export function architectureGguf(config: HfConfig, seed: number): Uint8Array<ArrayBuffer> {
  const name = NAMES[(config.architectures as readonly string[])[0]]
  const sizes = sizesOf(config)
  const tensors = seededTensors(config).map(tensor => convert(name, config, seed, tensor))
  return writeGguf({
    fields: [...modelFields(name, config), ...vocabularyFields(sizes.vocab)],
    tensors: [...tensors, ...ropeFactors(config)],
  })
}

function convert(name: string, config: HfConfig, seed: number, tensor: SeededTensor): TensorInput {
  const { heads, headDim } = sizesOf(config)
  let values = new Float32Array(numElements(tensor.shape))
  seededValues(seed, tensor, 0, values)
  let { shape } = tensor
  const [rows, columns = 1] = shape
  if (INTERLEAVED.includes(name) && /\.[qk]_proj\./.test(tensor.name)) {
    values = reorder(values, [rows / headDim, 2, headDim / 2, columns])
  }
  if (name === 'gptneox' && tensor.name.includes('query_key_value')) {
    values = reorder(values, [1, heads, 3, headDim * columns])
  }
  if (name === 'gpt2' && /c_(attn|proj|fc)\.weight/.test(tensor.name)) {
    values = reorder(values, [1, rows, columns, 1])
    shape = [columns, rows]
  }
  if (name.startsWith('gemma') && tensor.name.endsWith('norm.weight')) values = values.map(value => value + 1)
  const scale = scoreScale(config)
  // llama.cpp scales scores by the head size: what the model has instead goes into q, exactly if a power of two
  if (scale !== 1 && tensor.name.includes(name === 'gemma3' ? 'q_norm' : 'q_proj')) {
    values = values.map(value => value * scale)
  }
  return { name: ggufName(name, tensor.name), type: 0, shape, data: new Uint8Array(values.buffer) }
}

/** [a, b, c, d] as [a, c, b, d]. */
function reorder(values: Float32Array, [a, b, c, d]: readonly number[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(values.length)
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) {
        for (let l = 0; l < d; l++) out[((i * c + k) * b + j) * d + l] = values[((i * b + j) * c + k) * d + l]
      }
    }
  }
  return out
}

function scoreScale(config: HfConfig): number {
  if (config.query_pre_attn_scalar === undefined) return 1
  return Math.sqrt(sizesOf(config).headDim / (config.query_pre_attn_scalar as number))
}

function ggufName(architecture: string, name: string): string {
  const renamed = RENAMED.reduce((result, [from, to]) => result.replace(from, to), name)
  const isPostNorm = /gemma[23]|olmo2|exaone4/.test(architecture)
  return renamed.replace('post_attention_layernorm', isPostNorm ? 'post_attention_norm' : 'ffn_norm')
}

function modelFields(name: string, config: HfConfig): Field[] {
  const { vocab, layers, hidden, ffn, heads, kvHeads, headDim, positions } = sizesOf(config)
  const fields: [key: string, type: number, value: unknown][] = [
    ['context_length', U32, positions],
    ['block_count', U32, layers],
    ['embedding_length', U32, hidden],
    ['feed_forward_length', U32, ffn],
    ['attention.head_count', U32, heads],
    ['attention.head_count_kv', U32, kvHeads],
    ['attention.key_length', U32, headDim],
    ['attention.value_length', U32, headDim],
    ['attention.layer_norm_rms_epsilon', F32, config.rms_norm_eps],
    ['attention.layer_norm_epsilon', F32, config.layer_norm_eps ?? config.layer_norm_epsilon ?? config.norm_epsilon],
    ['rope.dimension_count', U32, rotaryDim(config)],
    ['rope.freq_base', F32, ropeBase(config)],
    ['use_parallel_residual', BOOL, config.use_parallel_residual],
    ['attention.scale', F32, config.attention_multiplier],
    ['embedding_scale', F32, config.embedding_multiplier],
    ['residual_scale', F32, config.residual_multiplier],
    ['logit_scale', F32, config.logits_scaling],
    ['attn_logit_softcapping', F32, config.attn_logit_softcapping],
    ['final_logit_softcapping', F32, config.final_logit_softcapping],
    ['vocab_size', U32, vocab],
    ...ropeScaling(config),
  ]
  if (HAS_WINDOWS.includes(name) && config.sliding_window)
    fields.push(['attention.sliding_window', U32, config.sliding_window])
  const present = fields.filter(([, , value]) => value !== undefined && value !== null)
  return [
    ['general.architecture', TEXT, name],
    ...present.map(([key, type, value]): Field => [`${name}.${key}`, type, value as number]),
    ...(config.layer_types && HAS_WINDOWS.includes(name) && config.sliding_window ? [layerTypes(name, config)] : []),
  ]
}

function layerTypes(name: string, config: HfConfig): Field {
  const slides = (config.layer_types as readonly string[]).map(type => (type === 'sliding_attention' ? 1 : 0))
  return [`${name}.attention.sliding_window_pattern`, LIST, slides, BOOL]
}

/** Hunyuan's base has grown by alpha there. */
function ropeBase(config: HfConfig): unknown {
  const { alpha } = (config.rope_scaling ?? {}) as { readonly alpha?: number }
  const { headDim } = sizesOf(config)
  const theta = (config.rope_theta ?? config.rotary_emb_base) as number
  return alpha === undefined ? theta : theta * alpha ** (headDim / (headDim - 2))
}

function ropeScaling(config: HfConfig): [key: string, type: number, value: unknown][] {
  const scaling = config.rope_scaling as Readonly<Record<string, unknown>> | undefined
  const kind = scaling?.rope_type ?? scaling?.type
  if (kind === 'linear') {
    return [
      ['rope.scaling.type', TEXT, 'linear'],
      ['rope.scaling.factor', F32, scaling?.factor],
    ]
  }
  if (kind === 'yarn') {
    return [
      ['rope.scaling.type', TEXT, 'yarn'],
      ['rope.scaling.factor', F32, scaling?.factor],
      ['rope.scaling.original_context_length', U32, scaling?.original_max_position_embeddings],
    ]
  }
  if (kind !== 'longrope') return []
  const original = config.original_max_position_embeddings as number
  const factor = sizesOf(config).positions / original
  return [
    ['rope.scaling.original_context_length', U32, original],
    ['rope.scaling.attn_factor', F32, Math.sqrt(1 + Math.log(factor) / Math.log(original))],
  ]
}

/** Frequencies are divided by them. */
function ropeFactors(config: HfConfig): TensorInput[] {
  const scaling = config.rope_scaling as Readonly<Record<string, unknown>> | undefined
  const kind = scaling?.rope_type ?? scaling?.type
  const tensor = (name: string, factors: readonly number[]): TensorInput => {
    const data = new Uint8Array(Float32Array.from(factors).buffer)
    return { name: `${name}.weight`, type: 0, shape: [factors.length], data }
  }
  if (kind === 'llama3') return [tensor('rope_freqs', llama3Factors(config, scaling as Record<string, number>))]
  if (kind !== 'longrope') return []
  return ['short', 'long'].map(each => tensor(`rope_factors_${each}`, scaling?.[`${each}_factor`] as number[]))
}

function llama3Factors(config: HfConfig, scaling: Readonly<Record<string, number>>): number[] {
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: original } = scaling
  const { headDim } = sizesOf(config)
  return Array.from({ length: headDim / 2 }, (_, pair) => {
    const turns = (original * (config.rope_theta as number) ** ((-2 * pair) / headDim)) / (2 * Math.PI)
    const smooth = Math.min(Math.max((turns - low) / (high - low), 0), 1)
    return 1 / ((1 - smooth) / factor + smooth)
  })
}

function vocabularyFields(vocab: number): Field[] {
  return [
    ...tokenizerFields(byteLevelTokenizer(vocab), 'gpt-2'),
    ['tokenizer.ggml.bos_token_id', U32, BEGIN_ID],
    ['tokenizer.ggml.eos_token_id', U32, END_ID],
    ['tokenizer.ggml.add_bos_token', BOOL, false],
  ]
}

function rotaryDim(config: HfConfig): number | undefined {
  if (config.model_type === 'gpt2') return undefined
  const part = (config.rotary_pct ?? config.partial_rotary_factor ?? 1) as number
  return Math.floor(sizesOf(config).headDim * part)
}

function sizesOf(config: HfConfig) {
  const size = (...names: readonly string[]) => names.map(name => config[name]).find(value => value != null) as number
  const [hidden, heads] = [size('hidden_size', 'n_embd'), size('num_attention_heads', 'n_head')]
  return {
    vocab: size('vocab_size'),
    layers: size('num_hidden_layers', 'n_layer'),
    hidden,
    heads,
    ffn: size('intermediate_size', 'n_inner') ?? 4 * hidden,
    kvHeads: size('num_key_value_heads') ?? heads,
    headDim: size('head_dim') ?? hidden / heads,
    positions: size('max_position_embeddings', 'n_positions'),
  }
}
