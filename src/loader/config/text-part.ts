import { UnsupportedModel } from '../../core/errors'
import { isJsonObject, type JsonObject } from '../../core/json'
import { Fields } from './fields'
import { IRRELEVANT_FIELDS } from './irrelevant-fields'

/** The config.json of a text model, and what of the checkpoint it leaves out, for people. */
export interface TextPart {
  readonly config: JsonObject
  readonly leavesOut: string | undefined
}

/** Multimodal models that are a text model as it stands where a prompt has no images. */
const MULTIMODAL = [
  ...['Gemma3', 'Mistral3', 'Qwen2VL', 'Qwen2_5_VL', 'Qwen3VL'],
  ...['Llava', 'Idefics3', 'SmolVLM'],
].map(name => `${name}ForConditionalGeneration`)

/** Text models by the `model_type` of `text_config`. */
const TEXT_MODELS: Readonly<Record<string, string>> = {
  gemma: 'GemmaForCausalLM',
  gemma2: 'Gemma2ForCausalLM',
  gemma3_text: 'Gemma3ForCausalLM',
  llama: 'LlamaForCausalLM',
  ministral3: 'Ministral3ForCausalLM',
  mistral: 'MistralForCausalLM',
  phi3: 'Phi3ForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen2_vl: 'Qwen2ForCausalLM',
  qwen2_vl_text: 'Qwen2ForCausalLM',
  qwen2_5_vl: 'Qwen2ForCausalLM',
  qwen2_5_vl_text: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
  qwen3_vl_text: 'Qwen3ForCausalLM',
}

/** Defaults of `text_config` in transformers, which writes only what differs. */
const DEFAULTS: Readonly<Record<string, JsonObject>> = {
  llama: {
    ...{ vocab_size: 32_000, hidden_size: 4096, intermediate_size: 11_008, num_hidden_layers: 32 },
    ...{ num_attention_heads: 32, max_position_embeddings: 2048, bos_token_id: 1, eos_token_id: 2 },
  },
  mistral: {
    ...{ vocab_size: 32_000, hidden_size: 4096, intermediate_size: 14_336, num_hidden_layers: 32 },
    ...{ num_attention_heads: 32, max_position_embeddings: 131_072, bos_token_id: 1, eos_token_id: 2 },
  },
  gemma3_text: {
    vocab_size: 262_208,
    num_attention_heads: 8,
    num_key_value_heads: 4,
    head_dim: 256,
    max_position_embeddings: 131_072,
  },
}

/** Fields about images and where they go into the text, which change nothing without any. */
const OF_IMAGES: ReadonlySet<string> = new Set([
  ...['vision_config', 'image_token_id', 'image_token_index', 'video_token_id', 'image_seq_length', 'image_size'],
  ...['vision_start_token_id', 'vision_end_token_id', 'vision_token_id', 'boi_token_index', 'eoi_token_index'],
  ...['mm_tokens_per_image', 'projector_hidden_act', 'multimodal_projector_bias', 'spatial_merge_size'],
  ...['vision_feature_layer', 'vision_feature_select_strategy', 'scale_factor', 'image_grid_pinpoints'],
  ...['ignore_index', 'is_composition'],
  // of Idefics' code before it read images as now, left in the files of SmolVLM
  ...['perceiver_config', 'pixel_shuffle_factor', 'qk_layer_norms_perceiver', 'use_resampler', 'neftune_noise_alpha'],
  ...['resampler_depth', 'resampler_head_dim', 'resampler_n_heads', 'resampler_n_latents'],
])

/** Fields that say how weights are quantised. */
export const QUANTIZATION_FIELDS = ['quantization_config', 'quantization', 'compression_config']

/** Fields of the whole that its text part has too. */
const SHARED = ['bos_token_id', 'eos_token_id', 'tie_word_embeddings', ...QUANTIZATION_FIELDS]

/**
 * The text part of a multimodal model's config.json; any other as it is.
 * @throws UnsupportedModel for a text part that is none of ours, or a field that is not known
 */
export function textPart(config: JsonObject): TextPart {
  const [name] = Array.isArray(config.architectures) ? config.architectures : []
  if (typeof name !== 'string' || !MULTIMODAL.includes(name)) return { config, leavesOut: undefined }
  const inner = config.text_config
  // older files of Qwen have its fields among the others
  const text = isJsonObject(inner) ? inner : config
  const type = String(text.model_type)
  const model = TEXT_MODELS[type]
  if (!Object.hasOwn(TEXT_MODELS, type)) {
    throw new UnsupportedModel(
      `config.json: the text part of ${name} is of the type ${type}; supported are ${Object.keys(TEXT_MODELS).join(', ')}.`,
    )
  }
  if (text === inner) {
    const outer = new Fields(config, 'config.json')
    outer.refuseUnread(
      new Set(['architectures', 'text_config', ...SHARED, ...OF_IMAGES, ...IRRELEVANT_FIELDS, ...Object.keys(inner)]),
    )
  }
  const shared = SHARED.flatMap(field => (field in config ? [[field, config[field]] as const] : []))
  const own = Object.entries(text).filter(([field]) => !OF_IMAGES.has(field) && field !== 'auto_map')
  const parts = { ...DEFAULTS[type], ...Object.fromEntries(shared), ...Object.fromEntries(own) }
  return {
    config: { ...parts, ...withoutSections(parts), architectures: [model] },
    leavesOut: `only the text part of ${name}, as ${model}: what reads images is left out`,
  }
}

/** Rotary settings without the sections that turn by other coordinates of a picture: those of text are all its position. */
function withoutSections(config: JsonObject): JsonObject {
  const changed = ['rope_scaling', 'rope_parameters'].flatMap(field => {
    const json = config[field]
    if (!isJsonObject(json) || json.mrope_section === undefined) return []
    const { mrope_section, mrope_interleaved, ...rest } = json
    const kinds = ['type', 'rope_type'].flatMap(kind => (rest[kind] === 'mrope' ? [[kind, 'default'] as const] : []))
    return [[field, { ...rest, ...Object.fromEntries(kinds) }] as const]
  })
  return Object.fromEntries(changed)
}
