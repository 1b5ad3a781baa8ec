import { OutOfMemory } from '../../core/errors'
import type { KvFormat } from '../../core/kv-format'
import type { ModelConfig } from '../../core/model-config'
import { Paper } from '../../gpu/paper'
import type { Checkpoint } from '../../loader'
import { decoderTensors } from '../../model/tensors'
import { type FormatChoice, Weights } from '../../model/weights'
import { chooseFormat, type WeightChoice } from '../../packing/choose-format'
import type { Settings } from '../options'
import { chooseWeights, numWeights } from './choose-weights'
import { type MemoryBudget, memoryBudget } from './memory-budget'
import { type MemoryPlan, mib, planMemory } from './memory-plan'
import { stepMemory } from './step-memory'

/** A context that `kv: 'auto'` gives up precision for, in tokens. */
const GOOD_CONTEXT = 4096

/** The plan of an engine, made before anything of it is on the GPU and before a weight is read. */
export interface EnginePlan {
  readonly chooseFormat: FormatChoice
  readonly kvFormat: KvFormat
  readonly memory: MemoryPlan
  /** The choices made for the caller, and why; for people. */
  readonly decisions: readonly string[]
}

/** The part of a plan that the next one keeps, on another device: answers depend on it. */
export interface EarlierPlan {
  readonly kvFormat: KvFormat
  /** In tokens; the next plan's may be shorter, but is turned as this one. */
  readonly contextLength: number
  /** Blocks of the next plan. */
  readonly numBlocks: number
  /** The reason why these are fewer than they were. */
  readonly shrunk: string | undefined
}

/**
 * Chooses what was left open and divides the memory.
 * @throws OutOfMemory if that cannot be, with the numbers and what would fit
 */
export function planEngine(
  limits: GPUSupportedLimits,
  config: ModelConfig,
  checkpoint: Checkpoint,
  asked: Settings,
  earlier?: EarlierPlan,
): EnginePlan {
  const settings = earlier ? { ...asked, blocks: earlier.numBlocks } : asked
  const budget = memoryBudget(settings.memoryBytes)
  const choice = chooseWeights(settings, checkpoint, budget)
  const formats = formatsFor(choice, config, checkpoint)
  const weightBytes = bytesOfWeights(limits, config, formats)
  const isOpen = settings.weights === 'auto'
  if (isOpen && weightBytes > budget.bytes) throw tooLarge(weightBytes, checkpoint, budget)
  const plan = (kvFormat: KvFormat, bytes: number) => planWith(limits, config, settings, kvFormat, bytes)
  try {
    const fixed = earlier ? { ...settings, kv: earlier.kvFormat } : settings
    const { kvFormat, memory } = chooseKv(fixed, choice, format => plan(format, weightBytes))
    const decisions = [
      ...(config.leavesOut === undefined ? [] : [config.leavesOut]),
      ...(isOpen
        ? [`weights of floats as ${choice.format}: ${mib(weightBytes)} of ${mib(budget.bytes)} (${budget.reason})`]
        : []),
      ...(settings.kv === 'auto' ? [`KV cache as ${kvFormat}, for contexts of ${memory.contextLength} tokens`] : []),
      ...(earlier?.shrunk ? [`KV cache of ${memory.numBlocks} blocks, ${earlier.shrunk}`] : []),
    ]
    return { chooseFormat: formats, kvFormat, memory, decisions }
  } catch (error) {
    if (!(error instanceof OutOfMemory)) throw error
    const fitting = (['f16', 'q8', 'q4'] as const).filter(format => {
      const bytes = bytesOfWeights(limits, config, formatsFor({ format, keepsIntegers: true }, config, checkpoint))
      return bytes < weightBytes && ifItFits(() => plan('int8', bytes)) !== undefined
    })
    if (fitting.length === 0) throw error
    throw new OutOfMemory(`${error.message} It fits with weights ${fitting.join(' or ')} and kv int8.`, {
      cause: error,
    })
  }
}

function formatsFor(choice: WeightChoice, config: ModelConfig, checkpoint: Checkpoint): FormatChoice {
  const { embedding, positions, head } = config.tensors
  return (parts, cols) => {
    const sources = parts.map(({ name }) => checkpoint.tensors.get(`${name}.weight`)?.encoding)
    return chooseFormat(choice, sources, cols, [embedding, positions, head].includes(parts[0].name))
  }
}

function bytesOfWeights(limits: GPUSupportedLimits, config: ModelConfig, formats: FormatChoice): number {
  const paper = new Paper(limits)
  decoderTensors(config, new Weights(paper, formats))
  return paper.bytes
}

function planWith(
  limits: GPUSupportedLimits,
  config: ModelConfig,
  settings: Settings,
  kvFormat: KvFormat,
  weightBytes: number,
): MemoryPlan {
  const { tokenBudget, stepsInFlight, activations, memoryBytes, blocks, contextLength } = settings
  const hasInt8Rows = activations === 'int8'
  return planMemory({
    limits,
    config,
    weightBytes,
    tokenBudget,
    kvFormat,
    stepMemory: stepMemory(config, limits, { tokenBudget, stepsInFlight, hasInt8Rows }),
    budgetBytes: memoryBytes,
    blocks,
    contextLength,
  })
}

/** The first format that holds a good context, else the narrowest; exact beside exact weights only. */
function chooseKv(
  { kv }: Settings,
  { format }: WeightChoice,
  plan: (kvFormat: KvFormat) => MemoryPlan,
): { readonly kvFormat: KvFormat; readonly memory: MemoryPlan } {
  if (kv !== 'auto') return { kvFormat: kv, memory: plan(kv) }
  for (const kvFormat of format === 'f32' ? (['f32', 'f16'] as const) : (['f16'] as const)) {
    const memory = ifItFits(() => plan(kvFormat))
    if (memory && memory.contextLength >= Math.min(memory.wantedContextLength, GOOD_CONTEXT))
      return { kvFormat, memory }
  }
  return { kvFormat: 'int8', memory: plan('int8') }
}

function ifItFits(plan: () => MemoryPlan): MemoryPlan | undefined {
  try {
    return plan()
  } catch (error) {
    if (error instanceof OutOfMemory) return undefined
    throw error
  }
}

function tooLarge(weightBytes: number, checkpoint: Checkpoint, { bytes, reason }: MemoryBudget): OutOfMemory {
  const count = numWeights(checkpoint)
  const most = (count / weightBytes) * bytes
  return new OutOfMemory(
    `The model has ${millions(count)} million weights, which take ${mib(weightBytes)} as narrow as they can be kept; ` +
      `the GPU memory for it is ${mib(bytes)} (${reason}). A model of at most ${millions(most)} million weights ` +
      'would fit; the option memoryBytes says if there is more.',
  )
}

function millions(count: number): string {
  return Math.floor(count / 1e6).toLocaleString('en')
}
