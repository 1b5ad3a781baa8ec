import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'
import { QWEN_WINDOW_FIELDS, upperLayersSlide } from './qwen-windows'
import { LLAMA_FIELDS } from './shared-fields'

/** Qwen 2 and 2.5 (arXiv:2407.10671): a Llama with biases of q, k and v. */
export const qwen2: Architecture = {
  names: ['Qwen2ForCausalLM'],
  gguf: { name: 'qwen2' },
  reads: [...LLAMA_FIELDS, ...QWEN_WINDOW_FIELDS],
  only: { use_mrope: false },
  // how vLLM cuts contexts longer than those of the training (Qwen2.5-1M, arXiv:2501.15383)
  irrelevant: ['dual_chunk_attention_config'],
  describe: fields => ({ ...llamaLike(fields, { numKvHeads: 32, ...upperLayersSlide(fields) }), qkvBias: true }),
}
