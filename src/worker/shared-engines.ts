import { orAborted } from '../core/abortable'
import { InvalidRequest } from '../core/errors'
import type { Engine } from '../engine/interface'
import { createEngine } from '../engine/open/create-engine'
import type { ModelLocation } from '../engine/open/open-source'
import type { EngineOptions, EngineProgress } from '../engine/options'
import { isSameModel, type ModelKey, modelKey } from './model-key'
import type { Opening } from './protocol'

/** As long as browsers keep a shared worker that no page uses: over a reload, or from one page of an app to the next. */
const GRACE_MS = 30_000

/** Engines that several tabs use, by model and options. */
export class SharedEngines {
  readonly #create: typeof createEngine
  readonly #running = new Set<SharedEngine>()
  readonly #byEngine = new WeakMap<Engine, SharedEngine>()

  constructor(create: typeof createEngine = createEngine) {
    this.#create = create
  }

  /** The engine of this model and options: one that runs or is being loaded, or a new one. To be released. */
  readonly open = async (location: ModelLocation, options: Opening['options'] = {}): Promise<Engine> => {
    const { graceMs = GRACE_MS, signal, onProgress, ...others } = options
    if (!(Number.isFinite(graceMs) && graceMs >= 0)) {
      throw new InvalidRequest(`Engine option graceMs is ${graceMs}, but must be milliseconds, 0 or more.`)
    }
    // a source of functions does not come over a port
    const key = modelKey(location as Opening['location'], others)
    const shared = await this.#findOrBegin(key, others)
    shared.graceMs = graceMs
    const engine = await shared.join(signal, onProgress)
    this.#byEngine.set(engine, shared)
    return engine
  }

  readonly release = (engine: Engine): void => this.#byEngine.get(engine)?.leave()

  /** Ends all of them, whoever uses them. */
  dispose(): void {
    for (const each of this.#running) each.end()
  }

  async #findOrBegin(key: ModelKey, options: EngineOptions): Promise<SharedEngine> {
    // one that is added while a folder is compared is met too
    for (const each of this.#running) {
      if ((await isSameModel(each.key, key)) && this.#running.has(each)) return each
    }
    const create = (hooks: EngineOptions) => this.#create(key.location, { ...options, ...hooks })
    const shared = new SharedEngine(key, create, () => this.#running.delete(shared))
    this.#running.add(shared)
    return shared
  }
}

/** An engine and those who use it. The last one out ends it: at once while it loads, else after a while. */
class SharedEngine {
  /** As the last who came wants it. */
  graceMs = GRACE_MS
  readonly #engine: Promise<Engine>
  readonly #loading = new AbortController()
  readonly #listeners = new Set<(progress: EngineProgress) => void>()
  #progress: EngineProgress | undefined
  #isLoaded = false
  #numUsers = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #forget: () => void

  /** `forget`: nobody is to join any more. */
  constructor(
    readonly key: ModelKey,
    create: (hooks: Pick<EngineOptions, 'signal' | 'onProgress'>) => Promise<Engine>,
    forget: () => void,
  ) {
    this.#forget = forget
    const onProgress = (progress: EngineProgress) => {
      this.#progress = progress
      for (const listener of this.#listeners) listener(progress)
    }
    this.#engine = create({ signal: this.#loading.signal, onProgress })
    this.#engine.then(({ lost }) => {
      this.#isLoaded = true
      void lost.then(forget)
    }, forget)
  }

  /** Resolves with the engine, for one more user, to whom the signal and the progress belong. */
  async join(signal?: AbortSignal, onProgress: (progress: EngineProgress) => void = () => undefined): Promise<Engine> {
    this.#numUsers += 1
    clearTimeout(this.#timer)
    this.#listeners.add(onProgress)
    if (this.#progress) onProgress(this.#progress)
    try {
      return await orAborted(this.#engine, signal)
    } catch (error) {
      this.leave()
      throw error
    } finally {
      this.#listeners.delete(onProgress)
    }
  }

  leave(): void {
    this.#numUsers -= 1
    if (this.#numUsers > 0) return
    if (this.#isLoaded) this.#timer = setTimeout(() => this.end(), this.graceMs)
    else this.end()
  }

  /** Whoever still uses it is on their own. */
  end(): void {
    this.#forget()
    this.#loading.abort()
    this.#engine.then(
      engine => engine.dispose(),
      () => undefined,
    )
  }
}
