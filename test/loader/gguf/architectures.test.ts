import { describe, expect, test } from 'vitest'
import type { ModelConfig } from '../../../src/core/model-config'
import { Paper } from '../../../src/gpu/paper'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { openCheckpoint, readModelFiles } from '../../../src/loader/model-files'
import type { ModelSource } from '../../../src/loader/sources/source'
import type { Checkpoint } from '../../../src/loader/weights/checkpoint'
import { decodeRows } from '../../../src/loader/weights/decode-rows'
import { streamRows } from '../../../src/loader/weights/stream-rows'
import { withLayouts } from '../../../src/loader/weights/tensor-layout'
import { decoderTensors } from '../../../src/model/tensors'
import { Weights } from '../../../src/model/weights'
import { architectureGguf } from '../../support/architecture-gguf'
import { type Oracle, oracles } from '../../support/oracles'
import { seededModel } from '../../support/seeded-weights'
import { memorySource } from '../memory-source'

/** GGUF does not say which layers turn, nor which GELU it is; of Llama 3's scaling it has the published one only. */
const WITHOUT_FIELDS = ['smollm3-untied', 'gpt-neox-sequential', 'gqa8-llama3', 'llama3-bias-tied']
/** What llama.cpp does not know, or names otherwise than is known here. */
const UNKNOWN = /^(minicpm|ministral3|seed-oss|gpt-neo(-inner)?$|apertus)/
const fixtures = oracles
  .filter(({ name }) => !WITHOUT_FIELDS.includes(name) && !UNKNOWN.test(name))
  .map(oracle => (oracle.name.startsWith('exaone4') ? { ...oracle, config: unscaled(oracle.config) } : oracle))

/** A config without Llama 3's scaling, where something else is to be seen. */
function unscaled(config: Oracle['config']): Oracle['config'] {
  return { ...config, rope_scaling: null }
}

const LIMITS = { maxStorageBufferBindingSize: 2 ** 30, maxBufferSize: 2 ** 30 } as GPUSupportedLimits

interface Loaded {
  readonly config: ModelConfig
  readonly tensors: ReadonlyMap<string, Float32Array>
}

/** The model that a source describes, and all that its graph asks for, as the graph takes it. */
async function load(source: ModelSource): Promise<Loaded> {
  const files = await readModelFiles(source)
  const config = parseModelConfig(files.config)
  const weights = new Weights(new Paper(LIMITS), () => ({ kind: 'f32' }))
  decoderTensors(config, weights)
  const checkpoint = withLayouts(await openCheckpoint(source, files, config), weights.layouts)
  return { config, tensors: await loadTensors(source, checkpoint, weights) }
}

async function loadTensors(source: ModelSource, checkpoint: Checkpoint, { expected }: Weights) {
  const tensors = new Map<string, Float32Array>()
  for await (const raw of streamRows(source, checkpoint, expected, { maxSlabElements: 3000 })) {
    const rows = decodeRows(raw, false)
    if (!(rows instanceof Float32Array)) throw new Error('these are floats')
    const whole = tensors.get(raw.name) ?? new Float32Array(rows.length)
    const grown = new Float32Array(Math.max(whole.length, raw.firstRow * raw.cols + rows.length))
    grown.set(whole)
    grown.set(rows, raw.firstRow * raw.cols)
    tensors.set(raw.name, grown)
  }
  return tensors
}

function fromGguf({ config, seed }: Oracle): Promise<Loaded> {
  return load({ ...memorySource({ 'model.gguf': architectureGguf(config, seed) }, 9_999), gguf: 'model.gguf' })
}

/** Numbers are f32 there; it names one end of a text. Windows are written by the converter for some only. */
function comparable({ eosTokenIds, architecture, layers, ...config }: ModelConfig): unknown {
  const hasWindows = /^(Gemma|Olmo3|Exaone4)/.test(architecture)
  const shown = layers.map(({ rope, window }) => ({ rope, window: hasWindows ? window : undefined }))
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Math.fround(value) : value)
  return JSON.parse(JSON.stringify({ ...config, layers: shown, eos: eosTokenIds[0] }, rounded))
}

describe.each(fixtures)('$name as a GGUF file', fixture => {
  test('is the same model', async () => {
    const [own, gguf] = await Promise.all([load(seededModel(fixture.config, fixture.seed)), fromGguf(fixture)])
    // q was multiplied by what llama.cpp does not do with the scores
    const scale = own.config.attentionScale / gguf.config.attentionScale
    const scaled = own.config.qkNorm === 'head' ? 'q_norm' : 'q_proj'
    const attentionScale = own.config.attentionScale
    expect(comparable({ ...gguf.config, attentionScale })).toEqual(comparable(own.config))
    expect([...gguf.tensors.keys()].sort()).toEqual([...own.tensors.keys()].sort())
    for (const [name, values] of own.tensors) {
      const expected = scale !== 1 && name.includes(scaled) ? values.map(value => value * scale) : values
      const actual = gguf.tensors.get(name) ?? []
      const differs = expected.findIndex((value, index) => !(Math.abs(actual[index] - value) <= 1e-6 * Math.abs(value)))
      expect(differs, `${name} at ${differs}`).toBe(-1)
    }
  })
})
