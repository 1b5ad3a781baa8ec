import type { Fields } from '../config/fields'
import type { Architecture } from './architecture'
import { SUMMARY_FIELDS } from './gpt2'
import { llamaLike, MAX_LAYERS } from './llama-like'

/**
 * GPT-Neo, TinyStories (arXiv:2305.07759): GPT-2 with matrices stored as everywhere else, scores that are not scaled, and a
 * window in every other layer.
 */
export const gptNeo: Architecture = {
  names: ['GPTNeoForCausalLM'],
  reads: [
    ...['vocab_size', 'hidden_size', 'intermediate_size', 'num_layers', 'num_heads', 'max_position_embeddings'],
    ...['activation_function', 'layer_norm_epsilon', 'tie_word_embeddings'],
    ...['window_size', 'attention_layers', 'attention_types'],
  ],
  aliases: {
    num_hidden_layers: 'num_layers',
    num_attention_heads: 'num_heads',
    hidden_act: 'activation_function',
    rms_norm_eps: 'layer_norm_epsilon',
    sliding_window: 'window_size',
  },
  irrelevant: ['classifier_dropout', 'embed_dropout', 'resid_dropout', ...SUMMARY_FIELDS],
  describe: fields => {
    const intermediateSize = 4 * Number(fields.read('hidden_size'))
    const kinds = readKinds(fields)
    const base = llamaLike(fields, {
      intermediateSize,
      normEps: 1e-5,
      activation: 'gelu_new',
      tieWordEmbeddings: true,
      defaultWindow: 256,
      slides: layer => kinds[layer] === 'local',
    })
    return {
      ...base,
      layers: base.layers.map(({ window }) => ({ rope: undefined, window })),
      norm: 'layer',
      attentionScale: 1,
      isGated: false,
      outputBias: true,
      mlpBias: true,
      tensors: {
        embedding: 'wte',
        positions: 'wpe',
        layers: 'h',
        layer: {
          attentionNorm: { name: 'ln_1' },
          qkv: [
            { name: 'attn.attention.q_proj' },
            { name: 'attn.attention.k_proj' },
            { name: 'attn.attention.v_proj' },
          ],
          output: { name: 'attn.attention.out_proj' },
          mlpNorm: { name: 'ln_2' },
          gateUp: [{ name: 'mlp.c_fc' }],
          down: { name: 'mlp.c_proj' },
        },
        finalNorm: { name: 'ln_f' },
        head: 'lm_head',
      },
    }
  },
}

/** Each layer's kind, "global" or "local": a list of them, or of how often each of some lists of them is repeated. */
function readKinds(fields: Fields): readonly string[] {
  const numLayers = fields.size('num_hidden_layers', MAX_LAYERS)
  const types = fields.read('attention_types') ?? [[['global', 'local'], 12]]
  const kinds = fields.read('attention_layers') ?? repeated(types, numLayers)
  const isKind = (kind: unknown) => kind === 'global' || kind === 'local'
  if (Array.isArray(kinds) && kinds.length === numLayers && kinds.every(isKind)) return kinds
  throw fields.wrong('attention_layers', kinds, `a list of "global" or "local" for each of ${numLayers} layers`)
}

/** The lists of [list, times] pairs, each so often; `types` itself if they are none, or longer than `maxLength` together. */
function repeated(types: unknown, maxLength: number): unknown {
  const all: unknown[] = []
  for (const each of Array.isArray(types) ? types : [undefined]) {
    const [kinds, times] = Array.isArray(each) ? each : []
    const isRepeated = Array.isArray(kinds) && Number.isInteger(times) && times >= 0 && times <= maxLength
    if (!isRepeated || all.length + kinds.length * times > maxLength) return types
    for (let time = 0; time < times; time++) all.push(...kinds)
  }
  return all
}
