/**
 * Checkpoints made from a seed, the same in TypeScript and in Python (scripts/oracles/seeded_weights.py), so that
 * fixtures need not hold weights. Every weight is a small integer times a power of two: exact in f32, f16 and bf16,
 * so one fixture serves all three. Runs in the browser too.
 */
import type { Dtype } from '../../src/loader/safetensors'
import type { ModelSource } from '../../src/loader/source'

/** The part of a Hugging Face config.json that decides which tensors a Llama has. */
export interface SeededConfig {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly intermediate_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly num_key_value_heads: number
  readonly head_dim: number
  readonly tie_word_embeddings: boolean
  readonly attention_bias: boolean
  readonly mlp_bias: boolean
  readonly [field: string]: unknown
}

export interface SeededTensor {
  readonly name: string
  readonly shape: readonly number[]
}

/** The tensors of a Hugging Face Llama checkpoint, in the order in which they lie in the file. */
export function seededTensors(config: SeededConfig): SeededTensor[] {
  const { vocab_size: vocab, hidden_size: hidden, intermediate_size: ffn, head_dim: headDim } = config
  const qDim = config.num_attention_heads * headDim
  const kvDim = config.num_key_value_heads * headDim
  const linear = (name: string, outDim: number, inDim: number, hasBias: boolean): SeededTensor[] => [
    { name: `${name}.weight`, shape: [outDim, inDim] },
    ...(hasBias ? [{ name: `${name}.bias`, shape: [outDim] }] : []),
  ]
  const layer = (index: number): SeededTensor[] => {
    const prefix = `model.layers.${index}`
    return [
      { name: `${prefix}.input_layernorm.weight`, shape: [hidden] },
      ...linear(`${prefix}.self_attn.q_proj`, qDim, hidden, config.attention_bias),
      ...linear(`${prefix}.self_attn.k_proj`, kvDim, hidden, config.attention_bias),
      ...linear(`${prefix}.self_attn.v_proj`, kvDim, hidden, config.attention_bias),
      ...linear(`${prefix}.self_attn.o_proj`, hidden, qDim, config.attention_bias),
      { name: `${prefix}.post_attention_layernorm.weight`, shape: [hidden] },
      ...linear(`${prefix}.mlp.gate_proj`, ffn, hidden, config.mlp_bias),
      ...linear(`${prefix}.mlp.up_proj`, ffn, hidden, config.mlp_bias),
      ...linear(`${prefix}.mlp.down_proj`, hidden, ffn, config.mlp_bias),
    ]
  }
  return [
    { name: 'model.embed_tokens.weight', shape: [vocab, hidden] },
    ...Array.from({ length: config.num_hidden_layers }, (_, index) => layer(index)).flat(),
    { name: 'model.norm.weight', shape: [hidden] },
    ...(config.tie_word_embeddings ? [] : [{ name: 'lm_head.weight', shape: [vocab, hidden] }]),
  ]
}

/**
 * Elements [first, first + out.length) of a tensor. Element i is (byte - 128) / 2^shift with a hashed byte:
 * norms 0 to 2, biases and the embedding -1/4 to 1/4, matrices about ±4 / sqrt(columns).
 */
export function seededValues(seed: number, { name, shape }: SeededTensor, first: number, out: Float32Array): void {
  const state = mix(seed ^ fnv1a(name))
  const { offset, scale } = affine(name, shape)
  for (let i = 0; i < out.length; i++) {
    const byte = mix(state + Math.imul(first + i, 0x9e3779b9)) >>> 24
    out[i] = offset + (byte - 128) * scale
  }
}

function affine(name: string, shape: readonly number[]): { offset: number; scale: number } {
  if (name.endsWith('norm.weight')) return { offset: 1, scale: 2 ** -7 }
  if (name.endsWith('.bias')) return { offset: 0, scale: 2 ** -9 }
  if (name === 'model.embed_tokens.weight') return { offset: 0, scale: 2 ** -9 }
  // Half the base-2 logarithm of the columns: the power of two next to their square root.
  const halfLog = Math.floor((32 - Math.clz32(shape[1] - 1)) / 2)
  return { offset: 0, scale: 2 ** -(halfLog + 5) }
}

/** FNV-1a, 32 bits, of an ASCII name. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash
}

/** A bijection of 32 bits in which every input bit moves every output bit (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}
