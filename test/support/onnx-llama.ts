import { float16Value } from '../../src/core/float16'
import { ENCODERS } from './ggml-encode'
import type { GridTensor } from './grid-model'
import type { SeededConfig } from './seeded-weights'
import { type OnnxNode, type OnnxTensor, type OnnxValue, writeOnnx } from './write-onnx'

const GROUP = 32

/** What follows from the weights' format: a product with a matrix given as [rows, columns] of the checkpoint. */
type Product = (x: string, name: string, rows: number, columns: number, values: Float32Array<ArrayBuffer>) => string

/**
 * A Llama for transformers.js as ONNX Runtime's own exporter builds it: q, k and v fused, rotation inside
 * GroupQueryAttention, residual sums inside the norms, `q4` by MatMulNBits with f32 activations. Logits are those of the
 * last token alone, which are all that generation asks for.
 */
export function onnxLlama(
  config: SeededConfig,
  tensors: readonly GridTensor[],
  format: 'f32' | 'q4',
): Uint8Array<ArrayBuffer> {
  const { hidden_size: hidden, intermediate_size: ffn, num_attention_heads: heads, vocab_size: vocab } = config
  const { num_key_value_heads: kvHeads, head_dim: headDim, num_hidden_layers: layers } = config
  const nodes: OnnxNode[] = []
  const weights: OnnxTensor[] = []
  const byName = new Map(tensors.map(({ name, values }) => [name, values]))
  const values = (name: string): Float32Array<ArrayBuffer> => {
    const found = byName.get(`${name}.weight`)
    if (!found) throw new Error(`there is no tensor ${name}`)
    return found
  }
  const weight = (name: string, dims: readonly number[], data: OnnxTensor['data']): string => {
    weights.push({ name, dims, data })
    return name
  }
  const node = (type: string, inputs: readonly string[], more: Partial<OnnxNode> = {}): string => {
    const outputs = more.outputs ?? [`${type}.${nodes.length}`]
    nodes.push({ type, inputs, ...more, outputs })
    return outputs[0]
  }
  const microsoft = { domain: 'com.microsoft' } as const
  const constant = (name: string, value: number) => weight(name, [1], BigInt64Array.of(BigInt(value)))

  const product: Product = (x, name, rows, columns, matrix) => {
    if (format === 'f32') {
      return node('MatMul', [x, weight(name, [columns, rows], transpose(matrix, rows, columns))])
    }
    const { codes, scales } = nBits(matrix)
    const inputs = [
      x,
      weight(`${name}.codes`, [rows, columns / GROUP, GROUP / 2], codes),
      weight(`${name}.scales`, [rows, columns / GROUP], scales),
    ]
    return node('MatMulNBits', inputs, { ...microsoft, ints: { K: columns, N: rows, bits: 4, block_size: GROUP } })
  }
  const epsilon = Number(config.rms_norm_eps)
  /** The norm of x + y, and that sum. */
  const sumNorm = (x: string, y: string, name: string): [string, string] => {
    const gamma = weight(name, [hidden], values(name))
    const outputs = [`${name}.out`, '', '', `${name}.sum`]
    node('SkipSimplifiedLayerNormalization', [x, y, gamma], { ...microsoft, outputs, floats: { epsilon } })
    return [outputs[0], outputs[3]]
  }

  const sum = node('ReduceSum', ['attention_mask', constant('axis1', 1)], { ints: { keepdims: 0 } })
  const seqLens = node('Cast', [node('Sub', [sum, constant('one', 1)])], { ints: { to: 6 } })
  const size = node('Gather', [node('Shape', ['attention_mask']), weight('second', [], BigInt64Array.of(1n))])
  const total = node('Cast', [size], { ints: { to: 6 } })
  const { cos, sin, positions } = rotation(config)
  const angles = [weight('cos', [positions, headDim / 2], cos), weight('sin', [positions, headDim / 2], sin)]

  const embedding = values('model.embed_tokens')
  let residual = node('Gather', [weight('embedding', [vocab, hidden], embedding), 'input_ids'])
  const first = 'model.layers.0.input_layernorm'
  let x = node('SimplifiedLayerNormalization', [residual, weight(first, [hidden], values(first))], {
    floats: { epsilon },
    ints: { axis: -1, stash_type: 1 },
  })
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`
    const [q, k, v] = ['q', 'k', 'v'].map(each => values(`${prefix}.self_attn.${each}_proj`))
    const qkv = product(x, `${prefix}.qkv`, (heads + 2 * kvHeads) * headDim, hidden, concat([q, k, v]))
    const past = [`past_key_values.${layer}.key`, `past_key_values.${layer}.value`]
    const attention = node('GroupQueryAttention', [qkv, '', '', ...past, seqLens, total, ...angles], {
      ...microsoft,
      outputs: [`attention.${layer}`, `present.${layer}.key`, `present.${layer}.value`],
      ints: { num_heads: heads, kv_num_heads: kvHeads, do_rotary: 1, rotary_interleaved: 0, local_window_size: -1 },
      floats: { scale: headDim ** -0.5 },
    })
    const linear = (input: string, name: string, rows: number, columns: number) =>
      product(input, `${prefix}.${name}`, rows, columns, values(`${prefix}.${name}`))
    const attended = linear(attention, 'self_attn.o_proj', hidden, heads * headDim)
    const [normed, between] = sumNorm(residual, attended, `${prefix}.post_attention_layernorm`)
    const gate = linear(normed, 'mlp.gate_proj', ffn, hidden)
    const up = linear(normed, 'mlp.up_proj', ffn, hidden)
    const active = node('Mul', [node('Mul', [gate, node('Sigmoid', [gate])]), up])
    const next = layer + 1 < layers ? `model.layers.${layer + 1}.input_layernorm` : 'model.norm'
    ;[x, residual] = sumNorm(between, linear(active, 'mlp.down_proj', hidden, ffn), next)
  }
  const last = node('Gather', [x, constant('last', -1)], { ints: { axis: 1 } })
  const logits = product(last, 'lm_head', vocab, hidden, embedding)
  node('Identity', [logits], { outputs: ['logits'] })

  const kv = (name: string, len: string): OnnxValue[] =>
    Array.from({ length: layers }, (_, layer) => layer).flatMap(layer =>
      ['key', 'value'].map(part => ({
        name: `${name}.${layer}.${part}`,
        type: 'f32' as const,
        dims: ['batch_size', kvHeads, len, headDim],
      })),
    )
  return writeOnnx({
    inputs: [
      { name: 'input_ids', type: 'i64', dims: ['batch_size', 'sequence_length'] },
      { name: 'attention_mask', type: 'i64', dims: ['batch_size', 'total_sequence_length'] },
      ...kv('past_key_values', 'past_sequence_length'),
    ],
    outputs: [
      { name: 'logits', type: 'f32', dims: ['batch_size', 1, vocab] },
      ...kv('present', 'total_sequence_length'),
    ],
    nodes,
    weights,
  })
}

function rotation(config: SeededConfig) {
  const [positions, half] = [Number(config.max_position_embeddings), config.head_dim / 2]
  const angle = (i: number) => Math.floor(i / half) * Number(config.rope_theta) ** (-(i % half) / half)
  const cos = Float32Array.from({ length: positions * half }, (_, i) => Math.cos(angle(i)))
  const sin = Float32Array.from({ length: positions * half }, (_, i) => Math.sin(angle(i)))
  return { cos, sin, positions }
}

/** [rows, columns] as [columns, rows]. */
function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)])
}

function concat(matrices: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  const out = new Float32Array(matrices.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const matrix of matrices) {
    out.set(matrix, offset)
    offset += matrix.length
  }
  return out
}

/** Q4_0 holds a scale and the codes i and i + 16 in byte i; MatMulNBits takes codes 2i and 2i + 1 there, scales apart. */
function nBits(matrix: Float32Array) {
  const blocks = ENCODERS.Q4_0(matrix)
  const codes = new Uint8Array(matrix.length / 2)
  const scales = new Float32Array(matrix.length / GROUP)
  for (let block = 0; block < scales.length; block++) {
    const nibbles = blocks.subarray(block * 18 + 2, block * 18 + 18)
    const code = (i: number) => (i < 16 ? nibbles[i] & 15 : nibbles[i - 16] >> 4)
    for (let i = 0; i < 16; i++) codes[block * 16 + i] = code(2 * i) | (code(2 * i + 1) << 4)
    scales[block] = float16Value(blocks[block * 18] | (blocks[block * 18 + 1] << 8))
  }
  return { codes, scales }
}
