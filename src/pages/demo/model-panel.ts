import {
  createEngine,
  type Engine,
  type EngineProgress,
  explainWeights,
  OutOfMemory,
  UnsupportedDevice,
} from '../../index'
import { byId, isAbort, make, showError } from './dom'
import { formatBytes, formatCount } from './format'
import type { LoadModel, ModelChoice } from './model-choice'

interface Working {
  readonly engine: Engine
  readonly choice: ModelChoice
}

/**
 * Holds the page's engine. `onEngine` hears of each one that is ready, and of its end (undefined) before it is disposed. An engine is
 * given up when the next is ready, so that a wrong name or folder costs nothing; before that only where two do not fit.
 */
export function modelPanel(onEngine: (engine: Engine | undefined) => void): LoadModel {
  const status = byId('model-status', HTMLElement)
  const loading = byId('model-loading', HTMLElement)
  const bar = byId('model-progress', HTMLProgressElement)
  const bytes = byId('model-bytes', HTMLElement)
  const cancel = byId('model-cancel', HTMLButtonElement)
  const error = byId('model-error', HTMLElement)
  const facts = byId('model-facts', HTMLElement)
  const others = byId('model-others', HTMLDetailsElement)

  let working: Working | undefined
  let abort = new AbortController()
  let previous: Promise<void> = Promise.resolve()
  cancel.addEventListener('click', () => abort.abort())

  function showProgress({ phase, done, of, text }: EngineProgress): void {
    // these go on beside the weights, which take longest
    if (phase === 'kernels' || phase === 'tuning') return
    const isLoading = phase === 'weights' && done < of
    if (isLoading) bar.value = done / of
    else bar.removeAttribute('value')
    if (phase !== 'weights') bytes.textContent = text
    else
      bytes.textContent = isLoading
        ? `${formatBytes(done)} of ${formatBytes(of)}`
        : `${formatBytes(done)} here, compiling kernels`
  }

  /** @throws what `createEngine` does; without an engine then if there was no room for two */
  async function replace(choice: ModelChoice, signal: AbortSignal): Promise<void> {
    const open = () => createEngine(choice.location, { ...choice.options, signal, onProgress: showProgress })
    const next = await open().catch(reason => {
      if (!working || !(reason instanceof OutOfMemory)) throw reason
      giveUp()
      return open()
    })
    if (signal.aborted) {
      next.dispose()
      throw signal.reason
    }
    const entries = await describe(next)
    giveUp()
    working = { engine: next, choice }
    facts.replaceChildren(...entries)
    facts.hidden = false
    onEngine(next)
  }

  function giveUp(): void {
    if (!working) return
    onEngine(undefined)
    working.engine.dispose()
    working = undefined
    facts.hidden = true
  }

  async function load(choice: ModelChoice, signal: AbortSignal): Promise<void> {
    const before = working
    status.textContent = `Loading ${choice.name} …`
    bar.removeAttribute('value')
    bytes.textContent = ''
    loading.hidden = false
    showError(error, undefined)
    try {
      await replace(choice, signal)
      status.textContent = `${choice.name} is ready`
    } catch (reason) {
      if (!isAbort(reason)) showError(error, reason)
      others.open ||= !(reason instanceof UnsupportedDevice)
      const what = isAbort(reason) ? `Loading ${choice.name} was cancelled` : `${choice.name} is not loaded`
      // what had to make room comes back; should that fail too, the first reason is the one to show
      if (before && !working) await replace(before.choice, new AbortController().signal).catch(() => undefined)
      status.textContent = working ? `${what}, ${working.choice.name} is still ready` : what
    } finally {
      loading.hidden = true
    }
  }

  return choice => {
    abort.abort()
    abort = new AbortController()
    const { signal } = abort
    // one after the other: more than two models at once may not fit
    previous = previous.then(() => load(choice, signal))
    return previous
  }
}

/** What runs where, as the entries of a description list. */
async function describe(engine: Engine): Promise<HTMLElement[]> {
  const { config, memory } = engine
  const entries = {
    'Runs on': (await engine.stats()).adapter,
    Model: `${config.architecture}, ${config.numLayers} layers of ${formatCount(config.hiddenSize)}`,
    Weights: `${explainWeights(engine.weights)}, ${formatBytes(memory.weightBytes)}`,
    'KV cache': `${formatCount(memory.numBlocks)} blocks, ${formatBytes(memory.kvBytes)}`,
    Context: `${formatCount(memory.contextLength)} tokens`,
  }
  return Object.entries(entries).map(([name, value]) => {
    const entry = make('div')
    entry.append(make('dt', '', name), make('dd', '', value))
    return entry
  })
}
