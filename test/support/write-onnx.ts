/** ONNX models, in the wire format of Protocol Buffers; field numbers are those of onnx.proto. */

export interface OnnxTensor {
  readonly name: string
  readonly dims: readonly number[]
  readonly data: Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>
}

export interface OnnxNode {
  readonly type: string
  /** Of the operator; `com.microsoft` has ONNX Runtime's own. Default: ONNX. */
  readonly domain?: string
  /** An empty name leaves an optional one out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly ints?: Readonly<Record<string, number>>
  readonly floats?: Readonly<Record<string, number>>
}

export interface OnnxValue {
  readonly name: string
  readonly type: 'f32' | 'i64'
  /** Sizes, or names of sizes that vary. */
  readonly dims: readonly (number | string)[]
}

export interface OnnxGraph {
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly nodes: readonly OnnxNode[]
  readonly weights: readonly OnnxTensor[]
}

const IR_VERSION = 10
const OPSETS = { '': 21, 'com.microsoft': 1 }

const F32 = 1
const U8 = 2
const I64 = 7

export function writeOnnx({ inputs, outputs, nodes, weights }: OnnxGraph): Uint8Array<ArrayBuffer> {
  const graph = message([
    ...nodes.map((node, index) => bytes(1, encodeNode(node, index))),
    text(2, 'decoder'),
    ...weights.map(tensor => bytes(5, encodeTensor(tensor))),
    ...inputs.map(value => bytes(11, encodeValue(value))),
    ...outputs.map(value => bytes(12, encodeValue(value))),
  ])
  const opsets = Object.entries(OPSETS).map(([domain, version]) => message([text(1, domain), varint(2, version)]))
  return message([varint(1, IR_VERSION), bytes(7, graph), ...opsets.map(opset => bytes(8, opset))])
}

function encodeNode({ type, domain = '', inputs, outputs, ints = {}, floats = {} }: OnnxNode, index: number) {
  return message([
    ...inputs.map(name => text(1, name)),
    ...outputs.map(name => text(2, name)),
    text(3, `${type}_${index}`),
    text(4, type),
    ...Object.entries(floats).map(([name, value]) =>
      bytes(5, message([text(1, name), float(2, value), varint(20, 1)])),
    ),
    ...Object.entries(ints).map(([name, value]) => bytes(5, message([text(1, name), varint(3, value), varint(20, 2)]))),
    text(7, domain),
  ])
}

function encodeTensor({ name, dims, data }: OnnxTensor) {
  const type = data instanceof Float32Array ? F32 : data instanceof Uint8Array ? U8 : I64
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return message([...dims.map(size => varint(1, size)), varint(2, type), text(8, name), bytes(9, raw)])
}

function encodeValue({ name, type, dims }: OnnxValue) {
  const sizes = dims.map(size => bytes(1, message([typeof size === 'number' ? varint(1, size) : text(2, size)])))
  const tensor = message([varint(1, type === 'f32' ? F32 : I64), bytes(2, message(sizes))])
  return message([text(1, name), bytes(2, message([bytes(1, tensor)]))])
}

function varint(field: number, value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...number(field << 3), ...number(value)])
}

function float(field: number, value: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([(field << 3) | 5, ...new Uint8Array(Float32Array.of(value).buffer)])
}

function text(field: number, value: string): Uint8Array<ArrayBuffer> {
  return bytes(field, new TextEncoder().encode(value))
}

function bytes(field: number, value: Uint8Array): Uint8Array<ArrayBuffer> {
  return message([Uint8Array.from([...number((field << 3) | 2), ...number(value.length)]), value])
}

function message(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}

/** Seven bits a byte, lowest first; negative numbers in two's complement of 64 bits. */
function number(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value))
  const out: number[] = []
  for (; rest >= 128n; rest >>= 7n) out.push(Number(rest & 127n) | 128)
  return [...out, Number(rest)]
}
