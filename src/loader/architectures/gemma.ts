import type { Architecture } from './architecture'
import { gemmaNorm } from './gemma2'
import { attentionBiases, LLAMA_TENSORS, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/**
 * Gemma 1 (arXiv:2403.08295): a Llama with embeddings times √hidden and GELU, in its approximation whatever `hidden_act` says:
 * the first files name another than the models were made with.
 */
export const gemma1: Architecture = {
  names: ['GemmaForCausalLM'],
  gguf: { name: 'gemma' },
  reads: [...LLAMA_FIELDS.filter(name => name !== 'hidden_act'), 'hidden_activation', 'attention_bias'],
  only: { use_bidirectional_attention: false },
  describe: fields => {
    const base = llamaLike(fields, {
      headDim: 256,
      numKvHeads: 16,
      tieWordEmbeddings: true,
      activation: 'gelu_pytorch_tanh',
      activationField: 'hidden_activation',
    })
    return {
      ...base,
      ...attentionBiases(fields),
      embeddingScale: Math.sqrt(base.hiddenSize),
      tensors: {
        ...LLAMA_TENSORS,
        layer: {
          ...LLAMA_TENSORS.layer,
          attentionNorm: gemmaNorm('input_layernorm'),
          mlpNorm: gemmaNorm('post_attention_layernorm'),
        },
        finalNorm: gemmaNorm('model.norm'),
      },
    }
  },
}
