import type { Fields } from '../config/fields'
import type { Architecture } from './architecture'
import { attentionBiases, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** SmolLM3: a Llama in which every fourth layer, if nothing else is said, leaves q and k unturned (NoPE, arXiv:2501.18795). */
export const smollm3: Architecture = {
  names: ['SmolLM3ForCausalLM'],
  gguf: { name: 'smollm3', turnsNeighbours: true },
  reads: [
    ...[...LLAMA_FIELDS, 'attention_bias', 'mlp_bias', 'no_rope_layers', 'no_rope_layer_interval'],
    ...['sliding_window', 'use_sliding_window', 'layer_types'],
  ],
  irrelevant: ['pretraining_tp'],
  describe: fields => {
    const turns = readTurning(fields)
    const variation = { defaultTheta: 2e6, tieWordEmbeddings: true, numKvHeads: 4, usesWindow: false }
    const base = llamaLike(fields, { ...variation, slides: layer => !turns(layer) })
    return {
      ...base,
      ...attentionBiases(fields),
      mlpBias: fields.flag('mlp_bias'),
      layers: base.layers.map(({ rope, window }, layer) => ({ rope: turns(layer) ? rope : undefined, window })),
    }
  },
}

/** Whether a layer turns: in spite of its name `no_rope_layers` holds 1 for those that do, and 0 for those that do not. */
function readTurning(fields: Fields): (layer: number) => boolean {
  const interval = fields.size('no_rope_layer_interval', Number.MAX_SAFE_INTEGER, 4)
  const turning = fields.read('no_rope_layers')
  if (turning === undefined) return layer => (layer + 1) % interval !== 0
  if (!Array.isArray(turning) || turning.length < Number(fields.read('num_hidden_layers'))) {
    throw fields.wrong('no_rope_layers', turning, 'a list of 0 or 1 for every layer')
  }
  return layer => turning[layer] === 1
}
