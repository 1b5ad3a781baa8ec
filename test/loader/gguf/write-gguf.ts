/** A metadata field: its key, the number of its type, its value; of a list, the number of its elements' type too. */
export type Field = readonly [key: string, type: number, value: string | number | boolean | bigint] | ListField

type ListField = readonly [key: string, type: 9, values: readonly (string | number | bigint)[], elementType: number]

export interface TensorInput {
  readonly name: string
  /** ggml's number. */
  readonly type: number
  /** Outermost dimension first. */
  readonly shape: readonly number[]
  readonly data: Uint8Array
}

export interface GgufInput {
  readonly version?: number
  readonly alignment?: number
  readonly fields: readonly Field[]
  readonly tensors: readonly TensorInput[]
}

export const U16 = 2
export const U32 = 4
export const I32 = 5
export const F32 = 6
export const BOOL = 7
export const TEXT = 8
export const LIST = 9
export const U64 = 10

/** A GGUF file, as gguf-py would write it. */
export function writeGguf({ version = 3, alignment = 32, fields, tensors }: GgufInput): Uint8Array<ArrayBuffer> {
  const writer = new Writer()
  writer.bytes(new TextEncoder().encode('GGUF'))
  writer.scalar(U32, version)
  writer.scalar(U64, tensors.length)
  writer.scalar(U64, fields.length)
  for (const field of fields) writer.field(field)
  let offset = 0
  for (const { name, type, shape, data } of tensors) {
    writer.text(name)
    writer.scalar(U32, shape.length)
    for (const size of shape.toReversed()) writer.scalar(U64, size)
    writer.scalar(U32, type)
    writer.scalar(U64, offset)
    offset += Math.ceil(data.length / alignment) * alignment
  }
  writer.pad(alignment)
  for (const { data } of tensors) {
    writer.bytes(data)
    writer.pad(alignment)
  }
  return writer.finish()
}

const SCALARS: Readonly<Record<number, (value: number | bigint | boolean) => ArrayBufferView<ArrayBuffer>>> = {
  0: value => Uint8Array.of(Number(value)),
  1: value => Int8Array.of(Number(value)),
  [U16]: value => Uint16Array.of(Number(value)),
  3: value => Int16Array.of(Number(value)),
  [U32]: value => Uint32Array.of(Number(value)),
  [I32]: value => Int32Array.of(Number(value)),
  [F32]: value => Float32Array.of(Number(value)),
  [BOOL]: value => Uint8Array.of(Number(value)),
  [U64]: value => BigUint64Array.of(BigInt(value)),
  11: value => BigInt64Array.of(BigInt(value)),
  12: value => Float64Array.of(Number(value)),
}

function isList(field: Field): field is ListField {
  return field[1] === LIST
}

class Writer {
  readonly #parts: Uint8Array[] = []
  #length = 0

  bytes(part: Uint8Array): void {
    this.#parts.push(part)
    this.#length += part.length
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.scalar(U64, bytes.length)
    this.bytes(bytes)
  }

  field(field: Field): void {
    this.text(field[0])
    this.scalar(U32, field[1])
    if (!isList(field)) {
      this.scalar(field[1], field[2])
      return
    }
    const [, , values, elementType] = field
    this.scalar(U32, elementType)
    this.scalar(U64, values.length)
    for (const value of values) this.scalar(elementType, value)
  }

  scalar(type: number, value: string | number | bigint | boolean): void {
    if (typeof value === 'string') this.text(value)
    else this.bytes(new Uint8Array(SCALARS[type](value).buffer))
  }

  pad(alignment: number): void {
    this.bytes(new Uint8Array((alignment - (this.#length % alignment)) % alignment))
  }

  finish(): Uint8Array<ArrayBuffer> {
    const file = new Uint8Array(this.#length)
    let offset = 0
    for (const part of this.#parts) {
      file.set(part, offset)
      offset += part.length
    }
    return file
  }
}
