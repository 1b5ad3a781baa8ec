import { type Engine, type GenerationParams, InvalidRequest } from '../../index'
import { byId, isAbort, showError } from './dom'

/** One run: stops when the signal does. What it throws is shown. */
export type Run = (engine: Engine, signal: AbortSignal) => Promise<void>

export interface Panel {
  /** The engine to run on; undefined while there is none. */
  setEngine(engine: Engine | undefined): void
}

/**
 * What both boxes have in common: a form whose submission runs, a button that stops, keys for both, a place for errors.
 * `name` is what the ids of its elements begin with.
 */
export function runForm(name: string, run: Run): Panel {
  const section = byId(name, HTMLElement)
  const form = byId(`${name}-form`, HTMLFormElement)
  const runButton = byId(`${name}-run`, HTMLButtonElement)
  const stopButton = byId(`${name}-stop`, HTMLButtonElement)
  const error = byId(`${name}-error`, HTMLElement)
  let engine: Engine | undefined
  let running: AbortController | undefined

  function update(): void {
    const isRunning = running !== undefined
    // a disabled button loses the focus, and with it the keys of this section
    runButton.disabled = !engine && !isRunning
    runButton.ariaDisabled = String(isRunning)
    if (!isRunning && document.activeElement === stopButton) runButton.focus()
    stopButton.disabled = !isRunning
  }

  async function start(): Promise<void> {
    if (!engine || running) return
    running = new AbortController()
    showError(error, undefined)
    update()
    try {
      await run(engine, running.signal)
    } catch (reason) {
      if (!isAbort(reason)) showError(error, reason)
    } finally {
      running = undefined
      update()
    }
  }

  form.addEventListener('submit', event => {
    event.preventDefault()
    void start()
  })
  form.addEventListener('keydown', event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void start()
  })
  section.addEventListener('keydown', event => {
    if (event.key === 'Escape') running?.abort()
  })
  stopButton.addEventListener('click', () => running?.abort())
  return {
    setEngine(next) {
      if (!next) running?.abort()
      engine = next
      update()
    },
  }
}

/** The settings of a form. Which numbers the engine does not accept, it says itself. @throws InvalidRequest for what is no number */
export function settings(name: string): GenerationParams {
  const temperature = numberIn(`${name}-temperature`)
  const maxTokens = numberIn(`${name}-max-tokens`)
  // a new seed each time, since who draws at random does not want the same again
  return { temperature, maxTokens, seed: crypto.getRandomValues(new Uint32Array(1))[0] }
}

function numberIn(id: string): number {
  const { valueAsNumber, labels } = byId(id, HTMLInputElement)
  if (Number.isNaN(valueAsNumber)) throw new InvalidRequest(`“${labels?.[0].textContent}” holds no number.`)
  return valueAsNumber
}
