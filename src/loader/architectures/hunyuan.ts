import type { Rope } from '../../core/model-config'
import { Fields } from '../config/fields'
import { type RopeOptions, readRope, ropeObject } from '../config/rope-config'
import type { Architecture } from './architecture'
import { attentionBiases, LLAMA_TENSORS, llamaLike } from './llama-like'
import { LLAMA_FIELDS } from './shared-fields'

/** Hunyuan's dense models up to 7 billion weights: a Llama that norms each head of q and k after it has turned. */
export const hunYuan: Architecture = {
  names: ['HunYuanDenseV1ForCausalLM'],
  gguf: { name: 'hunyuan-dense' },
  reads: [...LLAMA_FIELDS, 'attention_bias', 'mlp_bias'],
  only: { use_qk_norm: true, use_cla: false, norm_type: 'rms', use_rotary_pos_emb: true },
  // sizes said twice, heads of classifiers, ids of tokens of other tasks
  irrelevant: [
    ...['attention_head_dim', 'org_vocab_size', 'add_classification_head', 'class_num', 'pool_type', 'dense_list'],
    ...[
      'eod_token_id',
      'pad_id',
      'im_start_id',
      'im_end_id',
      'im_newline_id',
      'text_start_id',
      'text_end_id',
      'mask_init_id',
    ],
    ...[
      'image_token_id',
      'video_start_id',
      'video_end_id',
      'cla_share_factor',
      'num_media_embeds',
      'enable_lm_head_fp32',
    ],
  ],
  describe: fields => ({
    ...llamaLike(fields, {
      normEps: 1e-5,
      ropes: (fields, options) => {
        const rope = readAlphaRope(fields, options)
        return { full: rope, sliding: rope }
      },
    }),
    ...attentionBiases(fields),
    mlpBias: fields.flag('mlp_bias'),
    qkNorm: 'turned-head',
    tensors: {
      ...LLAMA_TENSORS,
      layer: {
        ...LLAMA_TENSORS.layer,
        qNorm: { name: 'self_attn.query_layernorm' },
        kNorm: { name: 'self_attn.key_layernorm' },
      },
    },
  }),
}

/** A base that has grown by `alpha` for contexts longer than those of the training (NTK-aware scaling), which is called dynamic. */
function readAlphaRope(fields: Fields, options: RopeOptions): Rope {
  const [name, json] = ropeObject(fields)
  if (json?.alpha === undefined) return unmagnified(fields, readRope(fields, options))
  const scaling = new Fields(json, `config.json: ${name}`)
  scaling.only('type', 'dynamic')
  scaling.only('rope_type', 'dynamic')
  scaling.only('factor', 1)
  const theta = scaling.positive('rope_theta', fields.positive('rope_theta', 10_000))
  const { headDim: dim } = options
  const grown = theta * scaling.positive('alpha') ** (dim / (dim - 2))
  // others have no effect beside alpha
  scaling.refuseUnread(new Set(['beta_fast', 'beta_slow', 'mscale', 'mscale_all_dim']))
  return { dim, theta: grown, scaling: { type: 'default' } }
}

/** A norm after the rotation would take away what cosines and sines are multiplied by; here it comes before. */
function unmagnified(fields: Fields, rope: Rope): Rope {
  if (!('attentionFactor' in rope.scaling) || rope.scaling.attentionFactor === 1) return rope
  throw fields.wrong('rope_scaling', rope.scaling.type, 'one that keeps the length of heads')
}
