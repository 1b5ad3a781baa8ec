import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** Seed-OSS: a Llama with biases of q, k and v. */
export const seedOss: Architecture = {
  names: ['SeedOssForCausalLM'],
  reads: [...LLAMA_FIELDS, 'attention_bias', 'attention_out_bias', 'mlp_bias'],
  irrelevant: ['residual_dropout'],
  describe: fields => ({
    ...llamaLike(fields, { numKvHeads: 8, headDim: 128 }),
    qkvBias: fields.flag('attention_bias', true),
    outputBias: fields.flag('attention_out_bias'),
    mlpBias: fields.flag('mlp_bias'),
  }),
}
