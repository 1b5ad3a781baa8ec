import { BOOL, F32, type Field, type GgufInput, I32, LIST, TEXT, type TensorInput, U16, U32, U64 } from './write-gguf'

const HIDDEN = 16
const FFN = 32
const TOKENS = ['<unk>', '<s>', '</s>', '<0x0A>', '\u2581', 'a', 'b', 'ab']

const shapes: readonly [name: string, shape: number[]][] = [
  ['token_embd.weight', [TOKENS.length, HIDDEN]],
  ['blk.0.attn_norm.weight', [HIDDEN]],
  ['blk.0.attn_q.weight', [HIDDEN, HIDDEN]],
  ['blk.0.attn_k.weight', [HIDDEN / 2, HIDDEN]],
  ['blk.0.attn_v.weight', [HIDDEN / 2, HIDDEN]],
  ['blk.0.attn_output.weight', [HIDDEN, HIDDEN]],
  ['blk.0.ffn_norm.weight', [HIDDEN]],
  ['blk.0.ffn_gate.weight', [FFN, HIDDEN]],
  ['blk.0.ffn_up.weight', [FFN, HIDDEN]],
  // rows of a whole block of 32
  ['blk.0.ffn_down.weight', [HIDDEN, FFN]],
  ['output_norm.weight', [HIDDEN]],
]

const tensors: TensorInput[] = shapes.map(([name, shape]) => {
  const numElements = shape.reduce((product, size) => product * size, 1)
  const isQuantised = name.includes('ffn_down')
  const data = new Uint8Array(isQuantised ? (numElements / 32) * 34 : numElements * 4)
  return { name, type: isQuantised ? 8 : 0, shape, data }
})

const fields: Field[] = [
  ['general.architecture', TEXT, 'llama'],
  ['general.parameter_count', U64, 1234],
  ['split.count', U16, 1],
  ['llama.block_count', U32, 1],
  ['llama.context_length', U32, 64],
  ['llama.embedding_length', U32, HIDDEN],
  ['llama.feed_forward_length', U32, FFN],
  ['llama.attention.head_count', U32, 2],
  ['llama.attention.head_count_kv', U32, 1],
  ['llama.attention.layer_norm_rms_epsilon', F32, 1e-5],
  ['llama.rope.dimension_count', U32, 8],
  ['tokenizer.ggml.model', TEXT, 'llama'],
  ['tokenizer.ggml.tokens', LIST, TOKENS, TEXT],
  ['tokenizer.ggml.scores', LIST, [0, 0, 0, 0, -1, -2, -3, -4], F32],
  ['tokenizer.ggml.token_type', LIST, [2, 3, 3, 6, 1, 1, 1, 1], I32],
  ['tokenizer.ggml.bos_token_id', U32, 1],
  ['tokenizer.ggml.eos_token_id', U32, 2],
  ['tokenizer.ggml.unknown_token_id', U32, 0],
  ['tokenizer.ggml.add_bos_token', BOOL, true],
]

/** The smallest Llama with a SentencePiece tokenizer; about 12 KB, all weights zero. */
export const TINY: GgufInput = { fields, tensors }

/** Its tensors by the names that the model gives them. */
export const TINY_SHAPES: ReadonlyMap<string, readonly number[]> = new Map(
  [
    'model.embed_tokens.weight',
    'model.layers.0.input_layernorm.weight',
    'model.layers.0.self_attn.q_proj.weight',
    'model.layers.0.self_attn.k_proj.weight',
    'model.layers.0.self_attn.v_proj.weight',
    'model.layers.0.self_attn.o_proj.weight',
    'model.layers.0.post_attention_layernorm.weight',
    'model.layers.0.mlp.gate_proj.weight',
    'model.layers.0.mlp.up_proj.weight',
    'model.layers.0.mlp.down_proj.weight',
    'model.norm.weight',
  ].map((name, index) => [name, shapes[index][1]]),
)

/** `input` with other values for some fields; undefined takes a field away. */
export function withFields(input: GgufInput, changed: readonly Field[], removed: readonly string[] = []): GgufInput {
  const keys = new Set([...changed.map(([key]) => key), ...removed])
  return { ...input, fields: [...input.fields.filter(([key]) => !keys.has(key)), ...changed] }
}
