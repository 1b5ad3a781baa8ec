import type { EngineEntry } from './engines'
import { capturedDevice } from './gpu-hooks'
import type { LoadPeer, PeerPlace, PeerRun } from './peer'

/** The part of transformers.js that is used here; the package is not installed with this project. */
interface Library {
  readonly env: {
    allowRemoteModels: boolean
    allowLocalModels: boolean
    localModelPath: string
    useBrowserCache: boolean
    readonly backends: { readonly onnx: { readonly wasm: { wasmPaths: { mjs: string; wasm: string } } } }
  }
  readonly Tensor: TensorClass
  readonly AutoModelForCausalLM: {
    from_pretrained(id: string, options: { device: string; dtype: string }): Promise<Model>
  }
}

interface Tensor {
  readonly dims: readonly number[]
  readonly data: Float32Array
  readonly ort_tensor: { readonly gpuBuffer: GPUBuffer; readonly constructor: unknown }
  dispose(): void
}

interface TensorClass {
  new (type: 'int64', data: BigInt64Array, dims: readonly number[]): Tensor
  new (ortTensor: unknown): Tensor
}

/** ONNX Runtime's own class, reached through a tensor's constructor. */
interface OrtTensorClass {
  fromGpuBuffer(buffer: GPUBuffer, options: { dataType: 'float32'; dims: readonly number[] }): unknown
}

interface Model {
  forward(inputs: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, Tensor>>>
}

/** K and V by the names `past_key_values.LAYER.key` and `.value`: `[batch, kvHeads, len, headDim]`. */
type Cache = Readonly<Record<string, Tensor>>

interface Output {
  /** The likeliest token of each sequence, `[batch]`. */
  readonly tokens: readonly number[]
  readonly cache: Cache
}

export async function openTransformers({ base }: PeerPlace, { weights }: EngineEntry): Promise<LoadPeer> {
  const library: Library = await import(
    /* @vite-ignore */ `${base}node_modules/@huggingface/transformers/dist/transformers.js`
  )
  const { env, AutoModelForCausalLM } = library
  env.allowRemoteModels = false
  env.allowLocalModels = true
  env.useBrowserCache = false
  env.localModelPath = base
  const wasm = `${base}node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify`
  env.backends.onnx.wasm.wasmPaths = { mjs: `${wasm}.mjs`, wasm: `${wasm}.wasm` }
  const dtype = weights === 'q4' ? 'q4' : 'fp32'
  return async () => {
    const model = await AutoModelForCausalLM.from_pretrained('model', { device: 'webgpu', dtype })
    const decoder = new Decoder(model, library.Tensor)
    return { run: (prompts, shared, out) => run(decoder, prompts, shared, out) }
  }
}

/** Runs the prefix once, each prompt's own part on its cache, one by one, then all together. */
async function run(
  decoder: Decoder,
  prompts: readonly (readonly number[])[],
  shared: number,
  out: number,
): Promise<PeerRun> {
  const began = performance.now()
  const prefix = shared > 0 ? (await decoder.forward([prompts[0].slice(0, shared)])).cache : undefined
  const starts: Output[] = []
  for (const prompt of prompts) starts.push(await decoder.forward([prompt.slice(shared)], prefix))
  const firstMs = performance.now() - began
  if (prefix) dispose(prefix)
  let latest = starts.flatMap(({ tokens }) => tokens)
  const tokens = latest.map(token => [token])
  let cache = starts.length === 1 ? starts[0].cache : decoder.join(starts.map(each => each.cache))
  for (let step = 1; step < out; step++) {
    const next = await decoder.forward(
      latest.map(token => [token]),
      cache,
    )
    dispose(cache)
    cache = next.cache
    latest = [...next.tokens]
    for (const [row, token] of latest.entries()) tokens[row].push(token)
  }
  const ms = performance.now() - began
  dispose(cache)
  return { tokens, ms, firstMs }
}

class Decoder {
  readonly #model: Model
  readonly #Tensor: TensorClass

  constructor(model: Model, Tensor: TensorClass) {
    this.#model = model
    this.#Tensor = Tensor
  }

  /** Computes `tokens`, `[batch][len]`, all as long as each other. */
  async forward(tokens: readonly (readonly number[])[], past?: Cache): Promise<Output> {
    const pastLen = past ? Object.values(past)[0].dims[2] : 0
    const [batch, len] = [tokens.length, tokens[0].length]
    const ids = BigInt64Array.from(tokens.flat(), BigInt)
    const mask = new BigInt64Array(batch * (pastLen + len)).fill(1n)
    const outputs = await this.#model.forward({
      input_ids: new this.#Tensor('int64', ids, [batch, len]),
      attention_mask: new this.#Tensor('int64', mask, [batch, pastLen + len]),
      past_key_values: past,
    })
    const { logits } = outputs
    const vocabSize = logits.dims[2]
    const likeliest = tokens.map((_, row) => argmax(logits.data.subarray(row * vocabSize, (row + 1) * vocabSize)))
    const present = Object.entries(outputs).filter(([name]) => name.startsWith('present.'))
    const cache = Object.fromEntries(present.map(([name, t]) => [name.replace('present', 'past_key_values'), t]))
    return { tokens: likeliest, cache }
  }

  /** The cache of a batch, of those of single sequences of the same length, which are used up. */
  join(caches: readonly Cache[]): Cache {
    const device = capturedDevice()
    const encoder = device.createCommandEncoder()
    const joined = Object.entries(caches[0]).map(([name, { dims, ort_tensor: sample }]): [string, Tensor] => {
      const bytes = 4 * dims.reduce((product, size) => product * size, 1)
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
      const buffer = device.createBuffer({ size: bytes * caches.length, usage })
      for (const [row, cache] of caches.entries()) {
        encoder.copyBufferToBuffer(cache[name].ort_tensor.gpuBuffer, 0, buffer, row * bytes, bytes)
      }
      const ort = sample.constructor as OrtTensorClass
      const options = { dataType: 'float32', dims: [caches.length, ...dims.slice(1)] } as const
      const tensor = new this.#Tensor(ort.fromGpuBuffer(buffer, options))
      // ONNX Runtime leaves buffers that it did not make to their owner
      return [name, Object.assign(tensor, { dispose: () => buffer.destroy() })]
    })
    device.queue.submit([encoder.finish()])
    for (const cache of caches) dispose(cache)
    return Object.fromEntries(joined)
  }
}

function dispose(cache: Cache): void {
  for (const tensor of Object.values(cache)) tensor.dispose()
}

function argmax(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}
