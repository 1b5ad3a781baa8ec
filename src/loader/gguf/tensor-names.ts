const MODEL_NAMES: Readonly<Record<string, string>> = {
  'token_embd.weight': 'model.embed_tokens.weight',
  'output_norm.weight': 'model.norm.weight',
  'output.weight': 'lm_head.weight',
}

const LAYER_NAMES: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
}

/** What Llama 3 divides its rotary frequencies by: part of the configuration rather than of the weights. */
export const ROPE_FACTORS = 'rope_freqs.weight'

/** Hugging Face's name for a Llama's tensor; undefined for a tensor that a Llama does not have. */
export function huggingFaceName(name: string): string | undefined {
  const [, layer, part, kind] = /^blk\.(0|[1-9]\d*)\.(\w+)\.(weight|bias)$/.exec(name) ?? []
  if (layer === undefined) return Object.hasOwn(MODEL_NAMES, name) ? MODEL_NAMES[name] : undefined
  return Object.hasOwn(LAYER_NAMES, part) ? `model.layers.${layer}.${LAYER_NAMES[part]}.${kind}` : undefined
}
