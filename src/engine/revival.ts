import { abortError, type CoppiceError, DeviceLost, OutOfMemory, UnsupportedDevice } from '../core/errors'
import type { OnDevice, OpenDevice } from './on-device'
import type { Patience } from './patience'

/** Waits for an adapter where there is none, in milliseconds: a browser whose GPU process died takes a while to start another. */
const ADAPTER_WAITS_MS = [1000, 4000, 16_000]

/** The device that an engine had, and what the next one must hold. */
export interface Before extends Pick<OnDevice, 'memory' | 'kvFormat'> {
  /** Blocks of the longest sequence that is under way. */
  readonly leastBlocks: number
}

/** Whether another device may do what this one could not. */
export function isLoss(error: unknown): error is CoppiceError {
  return error instanceof DeviceLost || error instanceof OutOfMemory
}

/** Opens devices in place of those that are lost, the same but for their blocks, of which there are fewer where memory was refused. */
export class Revival {
  readonly #open: OpenDevice
  readonly #patience: Patience
  /** Times of losses within the minutes that count, in milliseconds. */
  #losses: number[] = []
  #shrunk: string | undefined
  readonly #contextLength: number

  /** `contextLength`: the first device's. */
  constructor(open: OpenDevice, patience: Patience, contextLength: number) {
    this.#open = open
    this.#patience = patience
    this.#contextLength = contextLength
  }

  /**
   * Opens a device in place of one that was lost or had no room for `cause`.
   * @throws DeviceLost with what hinders it, also if there were too many losses · the signal's reason
   */
  async again(cause: CoppiceError, { memory, kvFormat, leastBlocks }: Before, signal: AbortSignal): Promise<OnDevice> {
    const waits = [...ADAPTER_WAITS_MS]
    let { numBlocks } = memory
    let error = cause
    this.#count(cause)
    for (;;) {
      if (error instanceof OutOfMemory) {
        if (numBlocks <= leastBlocks) throw unrevived(cause, error)
        numBlocks = Math.max(leastBlocks, Math.floor(numBlocks / 2))
        this.#shrunk = `fewer than before, since the GPU had no room: ${error.message}`
      }
      try {
        const earlier = { kvFormat, numBlocks, contextLength: this.#contextLength, shrunk: this.#shrunk }
        return await this.#open(signal, earlier)
      } catch (reason) {
        if (signal.aborted) throw abortError(signal)
        const wait = reason instanceof UnsupportedDevice ? waits.shift() : undefined
        if (wait !== undefined) await sleep(wait, signal)
        else if (!isLoss(reason)) throw unrevived(cause, reason)
        else error = reason
        if (reason instanceof DeviceLost) this.#count(reason)
      }
    }
  }

  /** @throws DeviceLost if there were too many */
  #count(error: CoppiceError): void {
    const { losses, minutes } = this.#patience
    const now = Date.now()
    this.#losses = [...this.#losses.filter(time => now - time < minutes * 60_000), now]
    if (this.#losses.length <= losses) return
    throw new DeviceLost(
      `The GPU was lost ${this.#losses.length} times within ${minutes} minutes, and the engine has given up (the option onLost says how often it goes on). The last time: ${error.message}`,
      { cause: error },
    )
  }
}

function unrevived(loss: CoppiceError, reason: unknown): DeviceLost {
  const what = reason instanceof Error ? reason.message : String(reason)
  return new DeviceLost(`${loss.message} The engine could not be revived: ${what}`, {
    cause: new AggregateError([loss, reason], 'the loss, and what hindered the revival'),
  })
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const onAbort = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
