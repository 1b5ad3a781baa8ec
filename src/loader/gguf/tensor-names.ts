import type { Named, TensorNames } from '../../core/model-config'

/** Tensors of divisors of rotary frequencies, [rotaryDim / 2] each, which belong to the configuration rather than the weights. */
export const ROPE_FACTORS = ['rope_freqs', 'rope_factors_short', 'rope_factors_long'].map(name => `${name}.weight`)

/** Names of constants that early converters wrote, which follow from the fields. */
export const CONSTANTS = /^(blk\.\d+\.attn_rot_embd|rope\.freqs)(\.weight)?$/

/** Translates a GGUF file's name of a tensor into Hugging Face's; undefined for one that the architecture does not have. */
export function nameTranslation({ layer, ...tensors }: TensorNames): (name: string) => string | undefined {
  const modelNames = new Map([
    ['token_embd', tensors.embedding],
    ['position_embd', tensors.positions],
    ['output_norm', tensors.finalNorm.name],
    ['output', tensors.head],
  ])
  const layerNames = new Map([
    ['attn_norm', layer.attentionNorm?.name],
    ...namesOf(layer.qkv, ['attn_q', 'attn_k', 'attn_v'], 'attn_qkv'),
    ['attn_q_norm', layer.qNorm?.name],
    ['attn_k_norm', layer.kNorm?.name],
    ['attn_output', layer.output.name],
    ['post_attention_norm', layer.postAttentionNorm?.name],
    ['ffn_norm', layer.mlpNorm?.name],
    ...namesOf(layer.gateUp, ['ffn_gate', 'ffn_up'], 'ffn_up'),
    ['ffn_down', layer.down.name],
    ['post_ffw_norm', layer.postMlpNorm?.name],
  ])
  return name => {
    const [, index, part, kind] = /^(?:blk\.(0|[1-9]\d*)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? []
    const own = index === undefined ? modelNames.get(part) : layerNames.get(part)
    if (own === undefined) return undefined
    return index === undefined ? `${own}.${kind}` : `${tensors.layers}.${index}.${own}.${kind}`
  }
}

/** Pairs of names: several tensors each have one of their own, a single one that holds them all has another. */
function namesOf(own: readonly Named[], each: readonly string[], all: string): [string, string][] {
  return own.length === 1 ? [[all, own[0].name]] : own.map(({ name }, index) => [each[index], name])
}
