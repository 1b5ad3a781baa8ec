import { CorruptCheckpoint } from '../../core/errors'

/** A list of numbers, as the file has them. */
export type NumberList =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array

export type MetadataValue = string | number | boolean | readonly string[] | NumberList

/** The fields of a GGUF file, `general.architecture` and so on, with typed access. */
export class Metadata {
  constructor(
    readonly file: string,
    readonly values: ReadonlyMap<string, MetadataValue>,
  ) {}

  text(key: string): string | undefined {
    const value = this.values.get(key)
    if (value === undefined || typeof value === 'string') return value
    throw this.#wrong(key, 'a text')
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.values.get(key) ?? fallback
    if (typeof value === 'boolean') return value
    throw this.#wrong(key, 'true or false')
  }

  /** A whole number from 0 to `max`. */
  count(key: string, max: number): number | undefined {
    const value = this.values.get(key)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max) return value
    throw this.#wrong(key, `a whole number from 0 to ${max}`)
  }

  texts(key: string): readonly string[] {
    const value = this.values.get(key)
    if (isTexts(value)) return value
    throw this.#wrong(key, 'a list of texts')
  }

  /** A list of exactly `length` numbers. */
  numbers(key: string, length: number): NumberList {
    const value = this.values.get(key)
    if (typeof value === 'object' && !isTexts(value) && value.length === length) return value
    throw this.#wrong(key, `a list of ${length} numbers`)
  }

  #wrong(key: string, expected: string): CorruptCheckpoint {
    return new CorruptCheckpoint(
      `${this.file}: ${key} is ${briefValue(this.values.get(key))}, but must be ${expected}.`,
    )
  }
}

/** A value as error messages quote it; lists by their length, since they may fill the header. */
export function briefValue(value: MetadataValue | undefined): string {
  if (typeof value === 'object') return `a list of ${value.length} ${isTexts(value) ? 'texts' : 'numbers'}`
  if (typeof value === 'string') return JSON.stringify(value.length <= 60 ? value : `${value.slice(0, 57)}...`)
  return value === undefined ? 'missing' : String(value)
}

function isTexts(value: MetadataValue | undefined): value is readonly string[] {
  return Array.isArray(value)
}
