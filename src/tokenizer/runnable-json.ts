import { UnsupportedModel } from '../core/errors'
import { isJsonObject, type JsonObject } from '../core/json'
import { runnableModel } from './runnable-model'
import { specialTokens } from './special-tokens'
import { stepsOf } from './steps'

/** Classes of tokenizers whose beginnings and ends tokenizer_config.json decides on, whatever tokenizer.json says. */
const CONFIGURED = /^(Llama|CodeLlama|Gemma)Tokenizer(Fast)?$/

/** Classes that leave the pre-tokenizer's space as tokenizer.json has it; others have none unless they say so. */
const KEEPS_SPACE = /^(Llama|CodeLlama)Tokenizer(Fast)?$/

/**
 * The part of a tokenizer.json that @huggingface/tokenizers 0.2.0 runs: the model and the decoder. Whatever that version
 * would take for something else than its authors' Rust library does is written in other words, or refused. The results of
 * the Rust library tell whether a rewriting can go with a newer version (test/tokenizer/kinds.test.ts).
 *
 * @throws UnsupportedModel by the name of what cannot be run
 */
export function runnableJson(json: JsonObject): JsonObject {
  return {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: runnableDecoder(json.decoder),
    model: runnableModel(json.model),
  }
}

/** The pre-tokenizer: transformers gives one that is not a Sequence the `add_prefix_space` of tokenizer_config.json. */
export function configuredPreTokenizer({ pre_tokenizer: step }: JsonObject, config: JsonObject): unknown {
  if (!isJsonObject(step) || step.type !== 'ByteLevel') return step
  const { add_prefix_space: adds, tokenizer_class: name } = config
  if (typeof adds === 'boolean') return { ...step, add_prefix_space: adds }
  return typeof name === 'string' && !KEEPS_SPACE.test(name) ? { ...step, add_prefix_space: false } : step
}

/** The post-processor: for some classes of tokenizers the one that `add_bos_token` and `add_eos_token` ask for. */
export function configuredEnds(json: JsonObject, config: JsonObject): unknown {
  if (!CONFIGURED.test(String(config.tokenizer_class)) || typeof config.add_bos_token !== 'boolean') {
    return json.post_processor
  }
  const tokens = specialTokens(config)
  const ends = (role: string) =>
    config[`add_${role}`] === true && tokens[role] ? [{ SpecialToken: { id: tokens[role], type_id: 0 } }] : []
  const single = [...ends('bos_token'), { Sequence: { id: 'A', type_id: 0 } }, ...ends('eos_token')]
  return { type: 'TemplateProcessing', single, pair: [] }
}

function runnableDecoder(decoder: unknown): JsonObject | null {
  if (!isJsonObject(decoder)) return null
  return { type: 'Sequence', decoders: stepsOf(decoder, 'decoders').flatMap(runnableStep) }
}

function runnableStep(step: JsonObject): readonly JsonObject[] {
  if (step.type === 'Strip' && String(step.content).length !== 1) {
    throw new UnsupportedModel(`tokenizer.json strips ${JSON.stringify(step.content)}, which is not one character.`)
  }
  if (step.type !== 'Metaspace') return [step]
  // Metaspace takes a text's first space away only if its encoder has put one there
  const { replacement = '\u2581', prepend_scheme: scheme, add_prefix_space: addsSpace } = step
  const toSpaces = { type: 'Replace', pattern: { String: replacement }, content: ' ' }
  const addsNone = scheme === undefined ? addsSpace === false : scheme === 'never'
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 }
  return [toSpaces, { type: 'Fuse' }, ...(addsNone ? [] : [strip])]
}
