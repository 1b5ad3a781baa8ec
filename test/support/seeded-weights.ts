/**
 * Checkpoints made from a seed, the same in TypeScript and in Python (scripts/oracles/seeded_weights.py), so that
 * fixtures need not hold weights. Every weight is a small integer times a power of two: exact in f32, f16 and bf16,
 * so one fixture serves all three. Runs in the browser too.
 */
import { float16Bits } from '../../src/core/float16'
import { type ModelSource, skipBytes } from '../../src/loader/sources/source'
import { DTYPE_BYTES, type Dtype } from '../../src/loader/weights/dtype'
import { type HfConfig, seededBuffers, seededTensors } from './seeded-architectures'
import { type ByteDtype, numElements, type SeededTensor } from './seeded-tensors'
import { byteLevelTokenizer, byteLevelTokenizerConfig } from './seeded-tokenizer'

export { type HfConfig, type SeededConfig, seededTensors } from './seeded-architectures'
export type { SeededTensor } from './seeded-tensors'

/** Elements made at a time. */
const PIECE = 2 ** 18

/** A Hugging Face model folder that exists only while it is read: any size, no memory. */
export function seededModel(config: HfConfig, seed: number, dtype: Dtype = 'F32', numShards = 1): ModelSource {
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
  config: HfConfig,
  seed: number,
  dtype: Dtype,
  numShards = 1,
): ReadonlyMap<string, () => Iterator<Uint8Array<ArrayBuffer>>> {
  const json = (value: unknown) => () => [new TextEncoder().encode(JSON.stringify(value))].values()
  const files = new Map([
    ['config.json', json(config)],
    ['tokenizer.json', json(byteLevelTokenizer(config.vocab_size as number))],
    ['tokenizer_config.json', json(byteLevelTokenizerConfig)],
  ])
  const tensors = [...seededTensors(config), ...seededBuffers(config)].map(each => ({ dtype, ...each }))
  if (numShards === 1) return files.set('model.safetensors', () => safetensors(tensors, seed))

  const weightMap: Record<string, string> = {}
  const perShard = Math.ceil(tensors.length / numShards)
  for (let shard = 0; shard < numShards; shard++) {
    const file = `model-${shard + 1}-of-${numShards}.safetensors`
    const part = tensors.slice(shard * perShard, (shard + 1) * perShard)
    for (const { name } of part) weightMap[name] = file
    files.set(file, () => safetensors(part, seed))
  }
  const totalSize = tensors.reduce((sum, each) => sum + numBytes(each), 0)
  return files.set('model.safetensors.index.json', json({ metadata: { total_size: totalSize }, weight_map: weightMap }))
}

type StoredTensor = Omit<SeededTensor, 'dtype'> & { readonly dtype: Dtype | ByteDtype }

function* safetensors(tensors: readonly StoredTensor[], seed: number): Generator<Uint8Array<ArrayBuffer>> {
  yield safetensorsHeader(tensors)
  for (const tensor of tensors) {
    const total = numElements(tensor.shape)
    for (let first = 0; first < total; first += PIECE) {
      const values = new Float32Array(Math.min(PIECE, total - first))
      seededValues(seed, tensor, first, values)
      yield encode(values, tensor.dtype)
    }
  }
}

/** Length and JSON header of a safetensors file whose tensors follow in this order. */
function safetensorsHeader(tensors: readonly StoredTensor[]): Uint8Array<ArrayBuffer> {
  let end = 0
  const entries = tensors.map(tensor => {
    const { name, dtype, shape } = tensor
    const begin = end
    end += numBytes(tensor)
    return [name, { dtype, shape, data_offsets: [begin, end] }]
  })
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  // Spaces bring the weights to a multiple of 8 bytes, as the reference implementation does.
  const header = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - 8), true)
  header.set(json, 8)
  return header
}

function encode(values: Float32Array<ArrayBuffer>, dtype: Dtype | ByteDtype): Uint8Array<ArrayBuffer> {
  if (dtype === 'F32') return new Uint8Array(values.buffer)
  if (dtype === 'U8' || dtype === 'BOOL') return Uint8Array.from(values)
  const toHalf = dtype === 'F16' ? float16Bits : (bits: number) => bits >>> 16
  const halves = Uint16Array.from(new Uint32Array(values.buffer), toHalf)
  return new Uint8Array(halves.buffer)
}

function numBytes({ shape, dtype }: StoredTensor): number {
  return numElements(shape) * (dtype === 'U8' || dtype === 'BOOL' ? 1 : DTYPE_BYTES[dtype])
}

/** Elements [first, first + out.length) of a tensor. */
export function seededValues(
  seed: number,
  tensor: Omit<SeededTensor, 'dtype'>,
  first: number,
  out: Float32Array,
): void {
  const { name, offset, scale } = tensor
  const state = mix(seed ^ fnv1a(name))
  for (let i = 0; i < out.length; i++) {
    const byte = mix(state + Math.imul(first + i, 0x9e3779b9)) >>> 24
    out[i] = offset + (byte - 128) * scale
  }
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
