import { float16Bits } from '../../../src/core/float16'
import type { Dtype } from '../../../src/loader/weights/dtype'
import { BEGIN_ID, byteLevelTokenizer, byteLevelTokenizerConfig, END_ID } from '../../support/seeded-tokenizer'
import { type SeededConfig, seededTensors, seededValues } from '../../support/seeded-weights'
import { BOOL, F32, type Field, I32, LIST, TEXT, type TensorInput, U32 } from './write-gguf'

const TYPES: Readonly<Record<Dtype, number>> = { F32: 0, F16: 1, BF16: 30 }

/** The tensors of the seeded model as llama.cpp's converter writes them: its names, its order of rows in q and k. */
export function seededTensorInputs(config: SeededConfig, seed: number, dtype: Dtype): TensorInput[] {
  return seededTensors(config).map(tensor => {
    const values = new Float32Array(tensor.shape.reduce((product, size) => product * size, 1))
    seededValues(seed, tensor, 0, values)
    // the converter leaves vectors in f32
    const type = tensor.shape.length === 1 ? 'F32' : dtype
    const data = encode(values, type)
    const rows = /\.[qk]_proj\./.test(tensor.name) ? interleave(data, tensor.shape[0], config.head_dim) : data
    return { name: ggufName(tensor.name), type: TYPES[type], shape: tensor.shape, data: rows }
  })
}

/** reshape(heads, 2, headDim / 2, columns).swapaxes(1, 2), of rows in bytes */
export function interleave(data: Uint8Array, numRows: number, headDim: number): Uint8Array {
  const rowBytes = data.length / numRows
  const out = new Uint8Array(data.length)
  for (let head = 0; head < numRows / headDim; head++) {
    for (let side = 0; side < 2; side++) {
      for (let pair = 0; pair < headDim / 2; pair++) {
        const from = (head * headDim + side * (headDim / 2) + pair) * rowBytes
        out.set(data.subarray(from, from + rowBytes), (head * headDim + pair * 2 + side) * rowBytes)
      }
    }
  }
  return out
}

export function ggufName(name: string): string {
  const renamed: readonly [string, string][] = [
    ['model.embed_tokens', 'token_embd'],
    ['lm_head', 'output'],
    ['model.norm', 'output_norm'],
    ['model.layers.', 'blk.'],
    ['input_layernorm', 'attn_norm'],
    ['post_attention_layernorm', 'ffn_norm'],
    ['self_attn.o_proj', 'attn_output'],
    ['self_attn.q_proj', 'attn_q'],
    ['self_attn.k_proj', 'attn_k'],
    ['self_attn.v_proj', 'attn_v'],
    ['mlp.gate_proj', 'ffn_gate'],
    ['mlp.up_proj', 'ffn_up'],
    ['mlp.down_proj', 'ffn_down'],
  ]
  return renamed.reduce((result, [from, to]) => result.replace(from, to), name)
}

function encode(values: Float32Array<ArrayBuffer>, dtype: Dtype): Uint8Array {
  const bits = new Uint32Array(values.buffer)
  if (dtype === 'F32') return new Uint8Array(bits.buffer)
  const halves = Uint16Array.from(bits, each => (dtype === 'F16' ? float16Bits(each) : each >>> 16))
  return new Uint8Array(halves.buffer)
}

/** What the converter says of a Hugging Face config.json. */
export function configFields(config: SeededConfig): Field[] {
  const { rope_theta: theta = 10_000, rms_norm_eps: eps = 1e-6, max_position_embeddings: positions } = config
  const scaling = config.rope_scaling as Readonly<Record<string, string | number>> | undefined
  const isLinear = scaling?.rope_type === 'linear' || scaling?.type === 'linear'
  return [
    ['general.architecture', TEXT, 'llama'],
    ['llama.block_count', U32, config.num_hidden_layers],
    ['llama.context_length', U32, Number(positions)],
    ['llama.embedding_length', U32, config.hidden_size],
    ['llama.feed_forward_length', U32, config.intermediate_size],
    ['llama.attention.head_count', U32, config.num_attention_heads],
    ['llama.attention.head_count_kv', U32, config.num_key_value_heads],
    ['llama.attention.key_length', U32, config.head_dim],
    ['llama.attention.value_length', U32, config.head_dim],
    ['llama.attention.layer_norm_rms_epsilon', F32, Number(eps)],
    ['llama.rope.dimension_count', U32, config.head_dim],
    ['llama.rope.freq_base', F32, Number(theta)],
    ['llama.vocab_size', U32, config.vocab_size],
    ...(isLinear
      ? ([
          ['llama.rope.scaling.type', TEXT, 'linear'],
          ['llama.rope.scaling.factor', F32, Number(scaling.factor)],
        ] as const)
      : []),
  ]
}

/** The parts of a byte-level tokenizer.json that the converter reads. */
export interface TokenizerJson {
  readonly added_tokens: readonly { readonly id: number; readonly special: boolean }[]
  readonly model: {
    readonly vocab: Readonly<Record<string, number>>
    readonly merges: readonly (string | readonly [string, string])[]
  }
}

/** What it says of a byte-level tokenizer, without the roles of tokens. */
export function tokenizerFields({ model, added_tokens: added }: TokenizerJson, pre: string): Field[] {
  const tokens = Object.entries(model.vocab).sort(([, a], [, b]) => a - b)
  const types = tokens.map(([, id]) => {
    const special = added.find(each => each.id === id)?.special
    return special === undefined ? 1 : special ? 3 : 4
  })
  const merges = model.merges.map(merge => (typeof merge === 'string' ? merge : merge.join(' ')))
  return [
    ['tokenizer.ggml.model', TEXT, 'gpt2'],
    ['tokenizer.ggml.pre', TEXT, pre],
    ['tokenizer.ggml.tokens', LIST, tokens.map(([token]) => token), TEXT],
    ['tokenizer.ggml.token_type', LIST, types, I32],
    ['tokenizer.ggml.merges', LIST, merges, TEXT],
  ]
}

/** Everything it says of the seeded model. */
export function seededFields(config: SeededConfig): Field[] {
  return [
    ...configFields(config),
    ...tokenizerFields(byteLevelTokenizer(config.vocab_size), 'gpt-2'),
    ['tokenizer.ggml.bos_token_id', U32, BEGIN_ID],
    ['tokenizer.ggml.eos_token_id', U32, END_ID],
    ['tokenizer.ggml.add_bos_token', BOOL, false],
    ['tokenizer.chat_template', TEXT, byteLevelTokenizerConfig.chat_template],
  ]
}
