import type { Named } from '../../core/model-config'
import type { Architecture } from './architecture'
import { LLAMA_TENSORS, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** ERNIE 4.5's dense models: a Llama whose rotation turns neighbouring dims of a head. */
export const ernie4: Architecture = {
  names: ['Ernie4_5ForCausalLM', 'Ernie4_5_ForCausalLM'],
  gguf: {
    name: 'ernie4_5',
    turnsNeighbours: true,
    config: ({ hasTensor }) => ({ use_bias: hasTensor('blk.0.attn_q.bias') }),
  },
  reads: [...LLAMA_FIELDS, 'use_bias'],
  // code for versions of transformers without ERNIE
  irrelevant: ['auto_map'],
  describe: fields => {
    const base = llamaLike(fields, { normEps: 1e-5, tieWordEmbeddings: true, defaultTheta: 500_000 })
    const hasBias = fields.flag('use_bias')
    const { qkv, ...layer } = LLAMA_TENSORS.layer
    const turned = (named: Named): Named => ({ ...named, layout: { type: 'neighbours', headDim: base.headDim } })
    const [q, k, v] = qkv as readonly [Named, Named, Named]
    return {
      ...base,
      qkvBias: hasBias,
      outputBias: hasBias,
      mlpBias: hasBias,
      tensors: { ...LLAMA_TENSORS, layer: { ...layer, qkv: [turned(q), turned(k), v] } },
    }
  },
}
