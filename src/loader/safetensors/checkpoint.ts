import { abortError, type CoppiceError, CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import type { Packing, StoredPart } from '../packed'
import { ByteReader } from '../sources/byte-reader'
import { type ModelSource, missingFile } from '../sources/source'
import type { Checkpoint, SourceTensor, StoredTensor } from '../weights/checkpoint'
import { DTYPE_BYTES, type Dtype, type StoredDtype } from '../weights/dtype'
import { headerLength, PREFIX_BYTES, parseHeader, type TensorEntry } from './header'
import { INDEX_FILE, readShardIndex } from './shard-index'

const SINGLE_FILE = 'model.safetensors'

/** A safetensors file, by its header. */
export interface SafetensorsFile {
  readonly name: string
  readonly dataBegin: number
  readonly entries: readonly TensorEntry[]
}

/**
 * Reads the headers of a Hugging Face model: of its one file, or of all that its index names. `packing`: how its matrices are
 * quantised, if they are. `isTextPart`: what reads images and sounds is left out.
 */
export async function openSafetensors(
  source: ModelSource,
  packing: Packing | undefined,
  signal?: AbortSignal,
  isTextPart = false,
): Promise<Checkpoint> {
  if (signal?.aborted) throw abortError(signal)
  const single = await readFileHeader(source, SINGLE_FILE, signal)
  if (single) return safetensorsCheckpoint(SINGLE_FILE, [single], packing, { isTextPart })
  const fileOf = await readShardIndex(source, signal)
  const files: SafetensorsFile[] = []
  for (const name of [...new Set(fileOf.values())].sort()) {
    const file = await readFileHeader(source, name, signal)
    if (!file) throw missingFile(source, name)
    files.push(file)
  }
  return safetensorsCheckpoint(INDEX_FILE, files, packing, { fileOf, isTextPart })
}

/**
 * The tensors of some files as a model knows them, the parts of quantised matrices joined. `fileOf`: the file that an index
 * has for each. It counts for tensors that the model needs only: published ones list heads that are tied, and miss buffers.
 */
export function safetensorsCheckpoint(
  name: string,
  files: readonly SafetensorsFile[],
  packing: Packing | undefined,
  { fileOf, isTextPart }: { readonly fileOf?: ReadonlyMap<string, string>; readonly isTextPart?: boolean } = {},
): Checkpoint {
  const tensors = new Map<string, SourceTensor>()
  const unusable = new Map<string, CoppiceError>()
  const matrices = new Map<string, Map<string, StoredPart>>()
  const addTensor = (tensor: string, source: SourceTensor) => {
    if (tensors.has(tensor))
      throw new CorruptCheckpoint(`${source.file} holds tensor ${tensor}, which is there already.`)
    tensors.set(tensor, source)
  }
  const weightFiles = files.map(({ name: file, dataBegin, entries }) => {
    const stored = entries.map((entry): StoredTensor => {
      const { begin, end } = entry
      const name = modelName(entry.name)
      const skipped = { tensor: undefined, begin, end }
      if (BUFFER_NAMES.some(form => form.test(name))) return skipped
      if (isTextPart && OTHER_PARTS.test(name)) return skipped
      const part = packing?.partOf(name, entry.dtype)
      if (part === 'unused') return skipped
      const wrong = (fileOf && whyUnlisted(file, entry, fileOf)) ?? (part ? undefined : whyUnreadable(file, entry))
      if (wrong) {
        // of a matrix that config.json does not say is quantised, its name
        unusable.set(part?.matrix ?? name.replace(/(?<=\.)(qweight|weight_packed)$/, 'weight'), wrong)
        return skipped
      }
      if (!part) {
        addTensor(name, plainTensor(file, entry))
        return { tensor: name, begin, end }
      }
      const parts = matrices.get(part.matrix) ?? new Map()
      matrices.set(part.matrix, parts.set(part.part, { ...entry, file }))
      return { tensor: part.matrix, part: part.part, begin, end }
    })
    return { name: file, dataBegin, stored, maxPadding: 0 }
  })
  const seen = new Set(files.flatMap(({ entries }) => entries.map(entry => entry.name)))
  for (const [tensor, file] of fileOf ?? []) {
    if (seen.has(tensor)) continue
    const wrong = new CorruptCheckpoint(`${file} lacks tensor ${tensor}, which ${INDEX_FILE} puts there.`)
    if (!(isTextPart && OTHER_PARTS.test(tensor))) unusable.set(modelName(tensor), wrong)
  }
  const described = { name, describedBy: 'config.json', hasPlainLayout: false }
  const checkpoint = { ...described, tensors, unusable, files: weightFiles }
  if (!packing) return checkpoint
  for (const [matrix, parts] of matrices) {
    const [{ file }] = parts.values()
    if (!unusable.has(matrix)) addTensor(matrix, { file, storedName: matrix, ...packing.join(matrix, parts) })
  }
  return { ...checkpoint, gatherParts: (expected, maxElements) => packing.gather(checkpoint, expected, maxElements) }
}

/** A tensor's name without `transformer.`, which some checkpoints of GPT-2 have before all, and without that of a text part; and with `model.`, which those without a head go without. */
function modelName(name: string): string {
  return name
    .replace(/^transformer\./, '')
    .replace(/^language_model\.(?=(model|lm_head)\.)/, '')
    .replace(/^model\.(language_model|text_model)\./, 'model.')
    .replace(/^(?=(embed_tokens|layers|norm)\.)/, 'model.')
}

/** Names of the parts of multimodal models that read images and sounds. */
const OTHER_PARTS = /^(model\.)?(vision_tower|vision_model|visual|multi_modal_projector|connector|image_newline)\b/

/**
 * Names of tensors that are saved besides weights: rotary constants and masks by old versions of transformers, positions, and
 * the head that judges answers in a training (TRL's).
 */
const BUFFER_NAMES = [
  /(^|\.)rotary_emb\.(original_inv_freq|inv_freq|cos_cached|sin_cached)$/,
  /\.(attn|attention)\.(masked_)?bias$/,
  /(^|\.)position_ids$/,
  /^v_head\./,
]

function whyUnlisted(file: string, { name }: TensorEntry, fileOf: ReadonlyMap<string, string>) {
  if (fileOf.get(name) === file) return undefined
  return new CorruptCheckpoint(`${file} holds tensor ${name}, which ${INDEX_FILE} does not put there.`)
}

/**
 * The error for a tensor of integers that is no part of a quantised matrix, should the model need it: else it holds masks,
 * ids or counters.
 */
function whyUnreadable(file: string, { name, dtype }: TensorEntry) {
  if (isWeights(dtype)) return undefined
  return new UnsupportedModel(
    `${file}: tensor ${name} has dtype ${dtype}; supported are ${Object.keys(DTYPE_BYTES).join(', ')}, and integers where config.json says how weights were quantised.`,
  )
}

/** Reads the header of a file; undefined if there is no such file. */
async function readFileHeader(
  source: ModelSource,
  name: string,
  signal?: AbortSignal,
): Promise<SafetensorsFile | undefined> {
  const stream = await source.open(name, signal)
  if (!stream) return undefined
  const reader = new ByteReader(stream, name, signal)
  try {
    const prefix = await readAll(reader, PREFIX_BYTES, 'in its first 8 bytes')
    const header = await readAll(reader, headerLength(prefix, name), 'in the header')
    return { name, dataBegin: reader.bytesRead, entries: parseHeader(header, name) }
  } finally {
    await reader.close()
  }
}

async function readAll(reader: ByteReader, length: number, where: string): Promise<Uint8Array> {
  const end = reader.bytesRead + length
  const bytes = await reader.take(length)
  if (bytes.length === length) return bytes
  throw new CorruptCheckpoint(
    `${reader.file} is truncated: it ends at byte ${reader.bytesRead}, ${where}, which goes on to byte ${end}. Download it again.`,
  )
}

function plainTensor(file: string, { name, dtype, shape }: TensorEntry): SourceTensor {
  return { file, storedName: name, shape, encoding: { type: dtype } }
}

function isWeights(dtype: StoredDtype): dtype is Dtype {
  return Object.hasOwn(DTYPE_BYTES, dtype)
}
