import { readRope } from '../config/rope-config'
import type { Architecture } from './architecture'
import { OLMO2_FIELDS, olmo } from './olmo2'

/**
 * OLMo 3 (arXiv:2512.13961): OLMo 2 with a sliding window in three of four layers. `rope_scaling` is for those without a
 * window only, as in the paper (§3.6) and in transformers 4.57.
 */
export const olmo3: Architecture = {
  names: ['Olmo3ForCausalLM'],
  reads: [...OLMO2_FIELDS, 'sliding_window', 'layer_types'],
  describe: fields =>
    olmo(fields, {
      defaultWindow: 4096,
      slides: layer => (layer + 1) % 4 !== 0,
      ropes: (fields, options) => {
        const full = readRope(fields, options)
        return { full, sliding: { ...full, scaling: { type: 'default' } } }
      },
    }),
}
