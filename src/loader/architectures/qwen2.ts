import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'
import { upperLayersSlide } from './qwen-windows'

/** Qwen 2 and 2.5 (arXiv:2407.10671): a Llama with biases of q, k and v. */
export const qwen2: Architecture = {
  names: ['Qwen2ForCausalLM'],
  gguf: { name: 'qwen2' },
  describe: fields => {
    fields.only('use_mrope', false)
    return { ...llamaLike(fields, upperLayersSlide(fields)), qkvBias: true }
  },
}
