import type { Named } from '../../core/model-config'
import type { Architecture } from './architecture'
import { llamaLike } from './llama-like'

/** Fields of summaries, which are for classifiers. */
export const SUMMARY_FIELDS = ['activation', 'first_dropout', 'proj_to_labels', 'type', 'use_proj'].map(
  name => `summary_${name}`,
)

/** GPT-2: learned positions, LayerNorms, biases everywhere, no gates; matrices are stored as [in, out]. */
export const gpt2: Architecture = {
  names: ['GPT2LMHeadModel'],
  gguf: { name: 'gpt2' },
  // sizes by either name, a Llama's first
  reads: [
    ...['hidden_size', 'num_hidden_layers', 'num_attention_heads', 'max_position_embeddings'],
    ...['vocab_size', 'n_embd', 'n_inner', 'n_layer', 'n_head', 'n_positions'],
    ...['activation_function', 'layer_norm_epsilon', 'tie_word_embeddings'],
  ],
  only: { scale_attn_weights: true, scale_attn_by_inverse_layer_idx: false, reorder_and_upcast_attn: false },
  aliases: {
    hidden_size: 'n_embd',
    intermediate_size: 'n_inner',
    num_hidden_layers: 'n_layer',
    num_attention_heads: 'n_head',
    max_position_embeddings: 'n_positions',
    hidden_act: 'activation_function',
    rms_norm_eps: 'layer_norm_epsilon',
  },
  // n_ctx says n_positions again; special tokens are counted in vocab_size
  irrelevant: ['n_ctx', 'n_special', 'predict_special_tokens', ...SUMMARY_FIELDS],
  describe: fields => {
    const intermediateSize = 4 * Number(fields.read('hidden_size'))
    const base = llamaLike(fields, {
      intermediateSize,
      normEps: 1e-5,
      activation: 'gelu_new',
      tieWordEmbeddings: true,
    })
    return {
      ...base,
      layers: base.layers.map(({ window }) => ({ rope: undefined, window })),
      norm: 'layer',
      isGated: false,
      qkvBias: true,
      outputBias: true,
      mlpBias: true,
      tensors: {
        embedding: 'wte',
        positions: 'wpe',
        layers: 'h',
        layer: {
          attentionNorm: { name: 'ln_1' },
          qkv: [conv1d('attn.c_attn')],
          output: conv1d('attn.c_proj'),
          mlpNorm: { name: 'ln_2' },
          gateUp: [conv1d('mlp.c_fc')],
          down: conv1d('mlp.c_proj'),
        },
        finalNorm: { name: 'ln_f' },
        head: 'lm_head',
      },
    }
  },
}

const conv1d = (name: string): Named => ({ name, layout: { type: 'transposed' } })
