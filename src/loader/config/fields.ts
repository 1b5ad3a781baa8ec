import { CorruptCheckpoint, UnsupportedModel } from '../../core/errors'
import { brief, type JsonObject } from '../../core/json'

/** Typed access to the fields of a JSON object, which remembers the fields that nobody asked for. */
export class Fields {
  readonly #unread: Set<string>

  constructor(
    readonly json: JsonObject,
    /** Name of the file, or of the file and the object in it, in errors. */
    readonly file: string,
    /** Translates the name by which a field is asked for into the one that it has in the object. */
    readonly nameOf: (name: string) => string = name => name,
  ) {
    this.#unread = new Set(Object.keys(json))
  }

  /** The raw value; null reads as undefined. */
  read(name: string): unknown {
    const own = this.nameOf(name)
    this.#unread.delete(own)
    return this.json[own] ?? undefined
  }

  /** A whole number from 1 to `max`; `fallback` if absent, an error if there is none. */
  size(name: string, max: number, fallback?: number): number {
    const value = this.read(name) ?? fallback
    if (isCount(value) && value >= 1 && value <= max) return value
    throw this.wrong(name, value, `a whole number from 1 to ${max}`)
  }

  /** A whole number from 0 on; `fallback` if absent. */
  count(name: string, fallback: number): number {
    const value = this.read(name) ?? fallback
    if (isCount(value)) return value
    throw this.wrong(name, value, 'a whole number from 0 on')
  }

  /** A finite number above 0; `fallback` if absent, an error if there is none. */
  positive(name: string, fallback?: number): number {
    const value = this.read(name) ?? fallback
    if (isPositive(value)) return value
    throw this.wrong(name, value, 'a positive number')
  }

  /** Any finite number but 0; `fallback` if absent. */
  factor(name: string, fallback: number): number {
    const value = this.read(name) ?? fallback
    if (typeof value === 'number' && Number.isFinite(value) && value !== 0) return value
    throw this.wrong(name, value, 'a number other than 0')
  }

  /** Any finite number from 0 on; `fallback` if absent. */
  nonNegative(name: string, fallback: number): number {
    const value = this.read(name) ?? fallback
    if (value === 0 || isPositive(value)) return value
    throw this.wrong(name, value, 'a number from 0 on')
  }

  /** True or false. */
  flag(name: string, fallback = false): boolean {
    const value = this.read(name) ?? fallback
    if (typeof value === 'boolean') return value
    throw this.wrong(name, value, 'true or false')
  }

  /** Exactly `length` finite numbers above 0. */
  positives(name: string, length: number): number[] {
    const value = this.read(name)
    if (Array.isArray(value) && value.length === length && value.every(isPositive)) return value
    throw this.wrong(name, value, `a list of ${length} positive numbers`)
  }

  /** A token id, a list of them, or nothing. */
  tokenIds(name: string): number[] {
    const value = this.read(name) ?? []
    const ids: unknown[] = Array.isArray(value) ? value : [value]
    if (ids.every(isCount)) return ids
    throw this.wrong(name, value, 'a token id or a list of them')
  }

  /** Refuses any value but `accepted`, which an absent field has too: no other is implemented. @throws UnsupportedModel */
  only(name: string, accepted: unknown): void {
    const value = this.read(name) ?? accepted
    if (value === accepted) return
    throw new UnsupportedModel(
      `${this.file}: ${this.nameOf(name)} is ${brief(value)}; only ${brief(accepted)} is supported.`,
    )
  }

  /** Refuses fields that were neither read nor are in `ignored`, unless they are null. @throws UnsupportedModel */
  refuseUnread(ignored: ReadonlySet<string>): void {
    for (const name of this.#unread) {
      if (ignored.has(name) || this.json[name] === null) continue
      throw new UnsupportedModel(
        `${this.file} has the field ${name} = ${brief(this.json[name])}, whose meaning is not known here. If it does not change the model's output, remove it.`,
      )
    }
  }

  /** The error for a field with a wrong value. */
  wrong(name: string, value: unknown, expected: string): CorruptCheckpoint {
    return new CorruptCheckpoint(`${this.file}: ${this.nameOf(name)} is ${brief(value)}, but must be ${expected}.`)
  }
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
