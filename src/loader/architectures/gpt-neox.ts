import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'

/**
 * GPT-NeoX and Pythia (arXiv:2204.06745): LayerNorms, biases, no gates; a part of each head turns; attention and MLP read
 * the same, unless told otherwise; the rows of q, k and v are stored head by head.
 */
export const gptNeoX: Architecture = {
  names: ['GPTNeoXForCausalLM'],
  gguf: {
    name: 'gptneox',
    turnsPart: true,
    config: ({ fields }) => ({ use_parallel_residual: fields.flag('use_parallel_residual', true) }),
  },
  reads: [
    ...['vocab_size', 'hidden_size', 'intermediate_size', 'num_hidden_layers', 'max_position_embeddings'],
    ...['num_attention_heads', 'head_dim', 'hidden_act', 'layer_norm_eps', 'tie_word_embeddings', 'attention_bias'],
    ...['rope_scaling', 'rope_parameters', 'original_max_position_embeddings', 'rotary_emb_base', 'rotary_pct'],
    'use_parallel_residual',
  ],
  aliases: { rms_norm_eps: 'layer_norm_eps', rope_theta: 'rotary_emb_base', partial_rotary_factor: 'rotary_pct' },
  irrelevant: ['classifier_dropout'],
  describe: fields => {
    const base = llamaLike(fields, { normEps: 1e-5, activation: 'gelu', rotaryShare: 0.25 })
    // its rotation goes by head_dim, its heads do not
    fields.only('head_dim', base.hiddenSize / base.numHeads)
    const hasBias = fields.flag('attention_bias', true)
    return {
      ...base,
      norm: 'layer',
      isParallel: fields.flag('use_parallel_residual', true),
      isGated: false,
      qkvBias: hasBias,
      outputBias: hasBias,
      mlpBias: true,
      tensors: {
        embedding: 'gpt_neox.embed_in',
        layers: 'gpt_neox.layers',
        layer: {
          attentionNorm: { name: 'input_layernorm' },
          qkv: [{ name: 'attention.query_key_value', layout: { type: 'interleaved', heads: base.numHeads, parts: 3 } }],
          output: { name: 'attention.dense' },
          mlpNorm: { name: 'post_attention_layernorm' },
          gateUp: [{ name: 'mlp.dense_h_to_4h' }],
          down: { name: 'mlp.dense_4h_to_h' },
        },
        finalNorm: { name: 'gpt_neox.final_layer_norm' },
        head: 'embed_out',
      },
    }
  },
}
