import { createEngine, type Engine, type EngineProgress, explainWeights, UnsupportedDevice } from '../../index'
import { byId, isAbort, make, showError } from './dom'
import { formatBytes, formatCount } from './format'
import type { LoadModel, ModelChoice } from './model-choice'

/** Holds the page's engine. `onEngine` hears of each one that is ready, and of its end (undefined) before it is disposed. */
export function modelPanel(onEngine: (engine: Engine | undefined) => void): LoadModel {
  const status = byId('model-status', HTMLElement)
  const loading = byId('model-loading', HTMLElement)
  const bar = byId('model-progress', HTMLProgressElement)
  const bytes = byId('model-bytes', HTMLElement)
  const cancel = byId('model-cancel', HTMLButtonElement)
  const error = byId('model-error', HTMLElement)
  const facts = byId('model-facts', HTMLElement)
  const others = byId('model-others', HTMLDetailsElement)

  let engine: Engine | undefined
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

  async function replace(choice: ModelChoice, signal: AbortSignal): Promise<void> {
    onEngine(undefined)
    engine?.dispose()
    engine = undefined
    status.textContent = `Loading ${choice.name} …`
    bar.removeAttribute('value')
    bytes.textContent = ''
    facts.hidden = true
    loading.hidden = false
    showError(error, undefined)
    try {
      const next = await createEngine(choice.location, { ...choice.options, signal, onProgress: showProgress })
      if (signal.aborted) return next.dispose()
      engine = next
      facts.replaceChildren(...(await describe(next)))
      facts.hidden = false
      status.textContent = `${choice.name} is ready`
      onEngine(next)
    } catch (reason) {
      status.textContent = isAbort(reason) ? `Loading ${choice.name} was cancelled` : `${choice.name} is not loaded`
      if (!isAbort(reason)) showError(error, reason)
      others.open ||= !(reason instanceof UnsupportedDevice)
    } finally {
      loading.hidden = true
    }
  }

  return choice => {
    abort.abort()
    abort = new AbortController()
    const { signal } = abort
    // one after the other: two models at once may not fit
    previous = previous.then(() => replace(choice, signal))
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
