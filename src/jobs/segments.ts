import type { Store } from '../storage/store'

/** Segments whose bytes are at hand: what is read in the order of the input lies in few at a time. */
const MAX_KEPT = 64

/** Files of a folder that are written one after the other, and read again piece by piece. */
export class Segments {
  /** Those used last come last. */
  readonly #kept = new Map<string, Uint8Array>()

  constructor(
    readonly store: Store,
    readonly folder: string,
  ) {}

  /** All names, in the order in which the segments were begun. */
  async names(): Promise<string[]> {
    return [...(await this.store.list(this.folder)).keys()].sort()
  }

  /** A segment's bytes as they are now, if those at hand are not as many as `atLeast`. None, if it is not there. */
  async read(name: string, atLeast = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    const kept = this.#kept.get(name)
    const bytes =
      kept && kept.length >= atLeast ? kept : ((await this.store.read(`${this.folder}/${name}`)) ?? new Uint8Array())
    this.#keep(name, bytes)
    return bytes
  }

  /** Puts a segment in place: all of it or, whatever happens meanwhile, what was there before. */
  async write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.store.write(`${this.folder}/${name}`, bytes)
    this.#keep(name, bytes)
  }

  #keep(name: string, bytes: Uint8Array): void {
    this.#kept.delete(name)
    this.#kept.set(name, bytes)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(oldest)
  }
}

/** The name of the nth segment, such that names sort as the numbers do. */
export function segmentName(n: number): string {
  return String(n).padStart(8, '0')
}
