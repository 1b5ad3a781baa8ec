import { brief, type JsonObject } from '../../core/json'
import type { ModelConfig } from '../../core/model-config'
import { ARCHITECTURE_NAMES, findArchitecture } from '../architectures'
import type { Architecture } from '../architectures/architecture'
import { SHARED_FIELDS } from '../architectures/shared-fields'
import { UnknownArchitecture } from '../architectures/unknown-architecture'
import { Fields } from './fields'
import { IRRELEVANT_FIELDS } from './irrelevant-fields'
import { QUANTIZATION_FIELDS, textPart } from './text-part'

/** Fields that would change the computation, each with the only value that is implemented: the one that changes nothing. */
const NEUTRAL: JsonObject = {
  // Splits matrix products in slices, for bit-equality with a training run.
  pretraining_tp: 1,
  rope_interleaved: false,
  qk_layernorm: false,
  use_qk_norm: false,
  is_encoder_decoder: false,
  add_cross_attention: false,
  cross_attention_hidden_size: undefined,
  tie_encoder_decoder: false,
}

/** Fields with the value that asks for nothing, which an architecture that does not read them may have. */
const ASKS_NOTHING: JsonObject = {
  attention_bias: false,
  mlp_bias: false,
  lm_head_bias: false,
  use_mrope: false,
  use_bidirectional_attention: false,
  embedding_multiplier: 1,
  residual_multiplier: 1,
  logits_scaling: 1,
  logit_scale: 1,
}

/**
 * The model that config.json describes, in Hugging Face's names; generation_config.json only adds end-of-sequence
 * tokens. Absent fields have the defaults of the architecture in transformers. The architecture is judged before anything
 * else.
 * @throws UnsupportedModel for a field that is neither understood nor known to be irrelevant: none is silently ignored
 * @throws CorruptCheckpoint for an impossible value
 */
export function parseModelConfig(whole: JsonObject, generationConfig?: JsonObject): ModelConfig {
  const { config, leavesOut } = textPart(whole)
  const { name, architecture } = architectureOf(config)
  const { only = {}, irrelevant = [] } = architecture
  const known = new Set([...ALWAYS_READ, ...architecture.reads, ...Object.keys(NEUTRAL), ...Object.keys(only)])
  const isKnown = (field: string) => known.has(field)
  const fields = new Fields(pick(config, isKnown), 'config.json', fieldNames(architecture, config))
  for (const [field, value] of Object.entries({ ...NEUTRAL, ...only })) {
    if (!irrelevant.includes(field)) fields.only(field, value)
  }
  const decoder = architecture.describe(fields)
  const generation = new Fields(generationConfig ?? {}, 'generation_config.json')
  const ownEos = fields.tokenIds('eos_token_id')
  const generationEos = generation.tokenIds('eos_token_id')
  const [bosTokenId] = [...fields.tokenIds('bos_token_id'), ...generation.tokenIds('bos_token_id')]
  const unknown = new Fields(
    pick(config, field => !isKnown(field) && !(field in ASKS_NOTHING && config[field] === ASKS_NOTHING[field])),
    'config.json',
  )
  unknown.refuseUnread(new Set([...IRRELEVANT_FIELDS, ...SHARED_FIELDS, ...irrelevant]))
  const eosTokenIds = generationEos.length > 0 ? generationEos : ownEos
  return { architecture: name, ...decoder, leavesOut, bosTokenId, eosTokenIds }
}

/** Fields that are read for every architecture; how weights are stored is no part of the model (packed/read-packing.ts). */
const ALWAYS_READ = ['architectures', ...QUANTIZATION_FIELDS, 'bos_token_id', 'eos_token_id']

/** The architecture that a text model's config.json names. @throws UnknownArchitecture unless it can be run */
export function architectureOf(config: JsonObject): { readonly name: string; readonly architecture: Architecture } {
  const [name, ...others]: unknown[] = Array.isArray(config.architectures) ? config.architectures : []
  const only = typeof name === 'string' && others.length === 0 ? name : ''
  const architecture = findArchitecture(only)
  if (architecture) return { name: only, architecture }
  throw new UnknownArchitecture(
    only,
    `config.json: architectures is ${brief(config.architectures)}`,
    ARCHITECTURE_NAMES,
  )
}

/** Translates the name of a Llama's field into the one that it has in this config.json. */
function fieldNames({ reads, aliases = {} }: Architecture, config: JsonObject): (field: string) => string {
  const isGiven = (field: string) => reads.includes(field) && (config[field] ?? undefined) !== undefined
  return field => (isGiven(field) ? field : (aliases[field] ?? field))
}

function pick(json: JsonObject, isPicked: (field: string) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([field]) => isPicked(field)))
}
