import { orAborted } from '../../core/abortable'
import type { ModelConfig } from '../../core/model-config'
import { openGpu } from '../../gpu/device'
import type { Checkpoint, ModelSource } from '../../loader'
import { keepTable, openTable } from '../../tuning/kept-tables'
import { Tuner } from '../../tuning/tuner'
import type { OnDevice } from '../on-device'
import type { Settings } from '../options'
import type { EarlierPlan } from '../plan/plan-engine'
import { assemble } from './assemble'
import { phaseTeller } from './load-phases'
import { loadWeights } from './load-weights'

/** A model as its files describe it, before any of its weights is read. */
export interface Described {
  readonly source: ModelSource
  readonly config: ModelConfig
  readonly checkpoint: Checkpoint
}

/** Opens a device and loads the model onto it; what was begun is freed if that fails, or is aborted. */
export async function openDevice(
  { source, config, checkpoint }: Described,
  settings: Settings,
  earlier?: EarlierPlan,
): Promise<OnDevice> {
  const { signal } = settings
  const tell = phaseTeller(settings)
  tell('memory', 0)
  const gpu = await orAborted(openGpu(settings), signal, late => late.dispose())
  const failed = new AbortController()
  const underWay: Promise<unknown>[] = []
  try {
    const isKept = settings.cache !== false
    const { tuning = !gpu.isSoftware, tokenBudget } = settings
    const table = tuning ? await orAborted(openTable(gpu, isKept), signal) : undefined
    const tuner = table && new Tuner(gpu, table, tokenBudget)
    const { parts, weights } = assemble(gpu, config, checkpoint, settings, tuner, earlier)
    tell('memory', 1)
    tell('kernels', 0)
    const either = AbortSignal.any(signal ? [signal, failed.signal] : [failed.signal])
    const load = () => loadWeights(gpu, source, checkpoint, weights, { ...settings, signal: either })
    const tuned = orAborted(gpu.settled(), either).then(async () => {
      tell('kernels', 1)
      if (!tuner) return undefined
      tell('tuning', 0)
      const choice = await tuner.tune(either)
      tell('tuning', 1)
      return choice
    })
    // kernels compile and are timed while the weights come, if that does not disturb
    const loading = tuner?.needsQuiet ? tuned.then(load) : load()
    underWay.push(tuned, loading)
    const [report, choice] = await orAborted(Promise.all([loading, tuned]), signal)
    gpu.throwIfLost()
    if (tuner && isKept) await orAborted(keepTable(gpu, tuner.table), signal)
    const decisions = [...(source.decisions ?? []), ...parts.decisions, choice, report.decision].filter(
      line => line !== undefined,
    )
    return { ...parts, decisions, weights: report.kinds }
  } catch (error) {
    failed.abort(error)
    // what is under way writes to buffers until it notices; who aborts need not wait for that
    const freed = Promise.allSettled(underWay).then(() => gpu.dispose())
    if (!signal?.aborted) await freed
    throw error
  }
}
