import { UnsupportedModel } from '../../core/errors'
import { type ModelSource, readJson } from './source'

/** Files of weights that are read. */
const READABLE = ['model.safetensors', 'model.safetensors.index.json']

/** Kinds of weights that people bring and that are not read: files that tell each, and what to do; the first that is there counts. */
const OTHER_KINDS: readonly { readonly files: readonly string[]; readonly why: string }[] = [
  {
    files: ['pytorch_model.bin', 'pytorch_model.bin.index.json', 'consolidated.00.pth', 'model.pt', 'pytorch_model.pt'],
    why: "has its weights as pickles of Python only, which are programs and are not run here. Choose a repository with .safetensors or GGUF; the hub's converter offers many as a pull request (org/name@refs/pr/1), and transformers writes them by from_pretrained and save_pretrained",
  },
  {
    files: [
      'onnx/model.onnx',
      'onnx/model_quantized.onnx',
      'onnx/model_q4.onnx',
      'onnx/model_q4f16.onnx',
      'model.onnx',
    ],
    why: 'has its weights as ONNX, for transformers.js and ONNX Runtime. Choose the repository that it was made from, with .safetensors',
  },
  {
    files: ['consolidated.safetensors', 'consolidated.safetensors.index.json', 'params.json'],
    why: "has its weights under Mistral's own names (consolidated.safetensors). Choose a repository with model.safetensors or GGUF",
  },
  {
    files: ['tf_model.h5', 'flax_model.msgpack'],
    why: 'has its weights for TensorFlow or Flax only. Choose a repository with .safetensors or GGUF',
  },
  {
    files: ['weights.npz', 'output.safetensors'],
    why: 'has its weights as an older MLX or as EXL2, which are not read. Choose a repository with model.safetensors or GGUF',
  },
  {
    files: ['model_index.json'],
    why: 'makes images (it is a pipeline of diffusers): only text is computed here',
  },
]

/**
 * The reason why a place holds no model, if it has what people take for one: an adapter, or weights of another kind.
 * Undefined where nothing is known.
 */
export async function whyNoModel(source: ModelSource, signal?: AbortSignal): Promise<UnsupportedModel | undefined> {
  const hasFile = async (file: string) => {
    // a folder of the browser has no paths
    if (source.length || file.includes('/')) return source.length?.(file) !== undefined
    const stream = await source.open(file, signal)
    await stream?.cancel()
    return stream !== undefined
  }
  const firstOf = async (files: readonly string[]) => {
    for (const file of files) if (await hasFile(file)) return file
    return undefined
  }
  if ((await firstOf(READABLE)) !== undefined) return undefined
  const adapter = await readJson(source, 'adapter_config.json', signal)
  if (adapter) {
    const { base_model_name_or_path: base, peft_type: type } = adapter
    const of = typeof base === 'string' && base !== '' ? ` of ${base}` : ''
    const kind = typeof type === 'string' ? ` (${type})` : ''
    return new UnsupportedModel(
      `${source.name} is an adapter${kind}${of} and no model. Adapters do not load yet: give ${of === '' ? 'its base model' : base}, or a repository that it was merged into (PEFT: merge_and_unload).`,
    )
  }
  for (const { files, why } of OTHER_KINDS) {
    const file = await firstOf(files)
    if (file !== undefined) return new UnsupportedModel(`${source.name} ${why} (found: ${file}).`)
  }
  return undefined
}
