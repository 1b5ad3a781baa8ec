import { UnsupportedModel } from '../core/errors'
import type { ModelConfig } from '../core/model-config'
import { ARCHITECTURE_NAMES, findArchitecture } from './architectures'
import { Fields } from './fields'
import { IRRELEVANT_FIELDS } from './irrelevant-fields'
import { brief, type JsonObject } from './json'

/** Fields that would change the computation, with the only value that we implement: the one that changes nothing. */
const NEUTRAL: readonly (readonly [name: string, value: unknown])[] = [
  // Splits matrix products in slices, for bit-equality with a training run.
  ['pretraining_tp', 1],
  ['rope_interleaved', false],
  ['qk_layernorm', false],
  ['use_qk_norm', false],
  ['is_encoder_decoder', false],
  ['add_cross_attention', false],
  ['cross_attention_hidden_size', undefined],
  ['tie_encoder_decoder', false],
]

/**
 * The model that config.json describes, in Hugging Face's names; generation_config.json only adds end-of-sequence
 * tokens. Absent fields have the defaults of the architecture in transformers. Nothing is silently ignored: a field that
 * is neither understood nor known to be irrelevant is `UnsupportedModel`, an impossible value is `CorruptCheckpoint`.
 */
export function parseModelConfig(config: JsonObject, generationConfig?: JsonObject): ModelConfig {
  const name = architectureName(config)
  const architecture = findArchitecture(name)
  if (!architecture) throw unsupported(config)
  const { aliases = {}, irrelevant = [] } = architecture
  const fields = new Fields(config, 'config.json', field => (aliases[field] in config ? aliases[field] : field))
  // how weights are stored is no part of the model (quantization-config.ts)
  for (const field of ['architectures', 'quantization_config']) fields.read(field)
  for (const [field, value] of NEUTRAL) if (!irrelevant.includes(field)) fields.only(field, value)
  const decoder = architecture.describe(fields)

  const generation = new Fields(generationConfig ?? {}, 'generation_config.json')
  const ownEos = fields.tokenIds('eos_token_id')
  const generationEos = generation.tokenIds('eos_token_id')
  const [bosTokenId] = [...fields.tokenIds('bos_token_id'), ...generation.tokenIds('bos_token_id')]
  fields.refuseUnread(new Set([...IRRELEVANT_FIELDS, ...irrelevant]))
  const eosTokenIds = generationEos.length > 0 ? generationEos : ownEos
  return { architecture: name, ...decoder, bosTokenId, eosTokenIds }
}

function architectureName({ architectures }: JsonObject): string {
  const [name, ...others]: unknown[] = Array.isArray(architectures) ? architectures : []
  return typeof name === 'string' && others.length === 0 ? name : ''
}

function unsupported({ architectures }: JsonObject): UnsupportedModel {
  return new UnsupportedModel(
    `config.json: architectures is ${brief(architectures)}; supported are ${ARCHITECTURE_NAMES.join(', ')}.`,
  )
}
