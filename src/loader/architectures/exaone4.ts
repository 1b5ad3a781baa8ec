import type { Fields } from '../config/fields'
import { readRope } from '../config/rope-config'
import type { Architecture } from './architecture'
import { ggufWindows } from './gemma3'
import { llamaLike } from './llama-like'
import { POST_NORM_TENSORS } from './olmo2'
import { LLAMA_FIELDS } from './shared-fields'

/**
 * EXAONE 4 (arXiv:2507.11407): a Llama that norms what attention and MLP give, and each head of q and k. The larger models have
 * a sliding window in most layers; those without one then leave q and k unturned (NoPE).
 */
export const exaone4: Architecture = {
  names: ['Exaone4ForCausalLM'],
  gguf: {
    name: 'exaone4',
    config: model => ({ sliding_window: model.fields.read('attention.sliding_window') ?? null, ...ggufWindows(model) }),
  },
  reads: [...LLAMA_FIELDS, 'sliding_window', 'sliding_window_pattern', 'layer_types'],
  describe: fields => {
    const period = readPeriod(fields)
    return {
      ...llamaLike(fields, {
        normEps: 1e-5,
        defaultWindow: 4096,
        slides: layer => (layer + 1) % period !== 0,
        ropes: (fields, options) => {
          const rope = readRope(fields, options)
          const hasWindows = fields.json.sliding_window !== null
          return { full: hasWindows ? undefined : rope, sliding: rope }
        },
      }),
      qkNorm: 'head',
      tensors: POST_NORM_TENSORS,
    }
  },
}

/** The distance between layers without a window: a number, or the length of a text as "LLLG", for three local layers and a global one. */
function readPeriod(fields: Fields): number {
  const pattern = fields.read('sliding_window_pattern') ?? 4
  if (typeof pattern === 'number') return fields.size('sliding_window_pattern', Number.MAX_SAFE_INTEGER, 4)
  if (typeof pattern === 'string' && /^L*G$/.test(pattern)) return pattern.length
  throw fields.wrong('sliding_window_pattern', pattern, 'a number of layers, or a text of L and a G at its end')
}
