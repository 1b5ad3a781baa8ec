/**
 * Checkpoints made from a seed, the same in TypeScript and in Python (scripts/oracles/seeded_weights.py), so that
 * fixtures need not hold weights. Every weight is a small integer times a power of two: exact in f32, f16 and bf16,
 * so one fixture serves all three. Runs in the browser too.
 */
import { float16Bits } from '../../src/core/float16'
import { DTYPE_BYTES, type Dtype } from '../../src/loader/dtype'
import { type ModelSource, skipBytes } from '../../src/loader/source'
import { byteLevelTokenizer, byteLevelTokenizerConfig } from './seeded-tokenizer'

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

/** Elements made at a time. */
const PIECE = 2 ** 18

/** A Hugging Face model folder that exists only while it is read: any size, no memory. */
export function seededModel(config: SeededConfig, seed: number, dtype: Dtype = 'F32', numShards = 1): ModelSource {
  const files = seededFiles(config, seed, dtype, numShards)
  return {
    name: `seeded model ${seed}`,
    async open(file, _signal, begin = 0) {
      const chunks = files.get(file)?.()
      if (!chunks) return undefined
      const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          const { done, value } = chunks.next()
          if (done) controller.close()
          else controller.enqueue(value)
        },
      })
      return begin > 0 ? skipBytes(stream, begin) : stream
    },
  }
}

/** Its files: name → a function that makes the contents in pieces. */
export function seededFiles(
  config: SeededConfig,
  seed: number,
  dtype: Dtype,
  numShards = 1,
): ReadonlyMap<string, () => Iterator<Uint8Array<ArrayBuffer>>> {
  const json = (value: unknown) => () => [new TextEncoder().encode(JSON.stringify(value))].values()
  const files = new Map([
    ['config.json', json(config)],
    ['tokenizer.json', json(byteLevelTokenizer(config.vocab_size))],
    ['tokenizer_config.json', json(byteLevelTokenizerConfig)],
  ])
  const tensors = seededTensors(config)
  if (numShards === 1) return files.set('model.safetensors', () => safetensors(tensors, seed, dtype))

  const weightMap: Record<string, string> = {}
  const perShard = Math.ceil(tensors.length / numShards)
  for (let shard = 0; shard < numShards; shard++) {
    const file = `model-${shard + 1}-of-${numShards}.safetensors`
    const part = tensors.slice(shard * perShard, (shard + 1) * perShard)
    for (const { name } of part) weightMap[name] = file
    files.set(file, () => safetensors(part, seed, dtype))
  }
  const totalSize = tensors.reduce((sum, { shape }) => sum + numElements(shape) * DTYPE_BYTES[dtype], 0)
  return files.set('model.safetensors.index.json', json({ metadata: { total_size: totalSize }, weight_map: weightMap }))
}

function* safetensors(
  tensors: readonly SeededTensor[],
  seed: number,
  dtype: Dtype,
): Generator<Uint8Array<ArrayBuffer>> {
  yield safetensorsHeader(tensors.map(tensor => ({ ...tensor, dtype })))
  for (const tensor of tensors) {
    const total = numElements(tensor.shape)
    for (let first = 0; first < total; first += PIECE) {
      const values = new Float32Array(Math.min(PIECE, total - first))
      seededValues(seed, tensor, first, values)
      yield encode(values, dtype)
    }
  }
}

/** Length and JSON header of a safetensors file whose tensors follow in this order. */
function safetensorsHeader(tensors: readonly (SeededTensor & { dtype: Dtype })[]): Uint8Array<ArrayBuffer> {
  let end = 0
  const entries = tensors.map(({ name, dtype, shape }) => {
    const begin = end
    end += numElements(shape) * DTYPE_BYTES[dtype]
    return [name, { dtype, shape, data_offsets: [begin, end] }]
  })
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  // Spaces bring the weights to a multiple of 8 bytes, as the reference implementation does.
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true)
  header.set(json, 8)
  return header
}

function encode(values: Float32Array<ArrayBuffer>, dtype: Dtype): Uint8Array<ArrayBuffer> {
  if (dtype === 'F32') return new Uint8Array(values.buffer)
  const toHalf = dtype === 'F16' ? float16Bits : (bits: number) => bits >>> 16
  const halves = Uint16Array.from(new Uint32Array(values.buffer), toHalf)
  return new Uint8Array(halves.buffer)
}

function numElements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
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
