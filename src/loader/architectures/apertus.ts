import type { JsonObject } from '../../core/json'
import type { Named } from '../../core/model-config'
import { Fields } from '../config/fields'
import type { Architecture } from './architecture'
import { attentionBiases, LLAMA_TENSORS, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** The rotation of a config.json that names none. */
const ROPE: JsonObject = {
  ...{ rope_type: 'llama3', factor: 8, low_freq_factor: 1, high_freq_factor: 4 },
  original_max_position_embeddings: 8192,
}

const number = (name: string, isSoftplus: boolean): Named => ({
  name: `mlp.act_fn.${name}`,
  layout: { type: 'number', isSoftplus },
})

/** Apertus (arXiv:2509.14233): a Llama that norms each head of q and k, and an MLP without gates whose activation is trained. */
export const apertus: Architecture = {
  names: ['ApertusForCausalLM'],
  reads: [...LLAMA_FIELDS, 'attention_bias'],
  only: { hidden_act: 'xielu', mlp_bias: false, post_norm: false, qk_norm: true },
  describe: fields => {
    const { json, file, nameOf } = fields
    const isSaid = 'rope_scaling' in json || 'rope_parameters' in json
    const complete = isSaid ? fields : new Fields({ ...json, rope_scaling: ROPE }, file, nameOf)
    return {
      ...llamaLike(complete, {
        activations: { xielu: 'xielu' },
        activation: 'xielu',
        normEps: 1e-5,
        defaultTheta: 12e6,
      }),
      ...attentionBiases(fields),
      qkNorm: 'head',
      isGated: false,
      tensors: {
        ...LLAMA_TENSORS,
        layer: {
          ...LLAMA_TENSORS.layer,
          attentionNorm: { name: 'attention_layernorm' },
          qNorm: { name: 'self_attn.q_norm' },
          kNorm: { name: 'self_attn.k_norm' },
          mlpNorm: { name: 'feedforward_layernorm' },
          gateUp: [{ name: 'mlp.up_proj' }],
          activation: [number('alpha_p', true), number('alpha_n', true), number('beta', false), number('eps', false)],
        },
      },
    }
  },
}
