import { UnsupportedModel } from '../core/errors'
import { isObject, type Json, objects } from './json'
import { runnablePreTokenizer } from './pre-tokenizer'
import { specialTokens } from './special-tokens'

/** Tokenizers whose beginnings and ends tokenizer_config.json decides on, whatever tokenizer.json says. */
const CONFIGURED = /^(Llama|CodeLlama|Gemma)Tokenizer(Fast)?$/

/**
 * A tokenizer.json that @huggingface/tokenizers 0.2.0 runs as its authors' Rust library does. What that version would
 * take for something else is written in other words, or refused. Whether a part can go, the fixture of the Rust
 * library's results says (test/tokenizer/kinds.test.ts).
 *
 * @throws UnsupportedModel by the name of what cannot be run
 */
export function runnableJson(json: Json, config: Json): Json {
  return {
    normalizer: null,
    ...json,
    added_tokens: objects(json.added_tokens).map(runnableToken),
    pre_tokenizer: runnablePreTokenizer(json.pre_tokenizer),
    post_processor: configuredEnds(config) ?? json.post_processor ?? null,
    decoder: runnableDecoder(json.decoder),
    model: runnableModel(json.model),
  }
}

function runnableToken(token: Json): Json {
  if (!token.single_word) return token
  throw new UnsupportedModel(
    `tokenizer.json finds ${JSON.stringify(token.content)} as a whole word only (single_word).`,
  )
}

/** What transformers puts around a text for these tokenizers, by `add_bos_token` and `add_eos_token`. */
function configuredEnds(config: Json): Json | undefined {
  if (!CONFIGURED.test(String(config.tokenizer_class)) || typeof config.add_bos_token !== 'boolean') return undefined
  const tokens = specialTokens(config)
  const ends = (role: string) =>
    config[`add_${role}`] === true && tokens[role] ? [{ SpecialToken: { id: tokens[role], type_id: 0 } }] : []
  const single = [...ends('bos_token'), { Sequence: { id: 'A', type_id: 0 } }, ...ends('eos_token')]
  return { type: 'TemplateProcessing', single, pair: [] }
}

/** Metaspace takes a text's first space away only if its encoder has put one there. */
function runnableDecoder(step: unknown): Json | null {
  if (!isObject(step)) return null
  if (step.type === 'Sequence') return { ...step, decoders: objects(step.decoders).map(runnableDecoder) }
  if (step.type !== 'Metaspace') return step
  const { replacement = '\u2581', prepend_scheme: scheme, add_prefix_space: addsSpace } = step
  const toSpaces = { type: 'Replace', pattern: { String: replacement }, content: ' ' }
  const addsNone = scheme === undefined ? addsSpace === false : scheme === 'never'
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 }
  return { type: 'Sequence', decoders: [toSpaces, { type: 'Fuse' }, ...(addsNone ? [] : [strip])] }
}

function runnableModel(model: unknown): Json {
  if (!isObject(model)) throw new UnsupportedModel('tokenizer.json has no model.')
  // early files do not say it
  const { type = 'merges' in model ? 'BPE' : undefined } = model
  if (type === 'WordLevel') throw new UnsupportedModel('tokenizer.json has a WordLevel model; we run BPE and Unigram.')
  if (type === 'BPE' && model.continuing_subword_prefix) {
    throw new UnsupportedModel('tokenizer.json has a BPE with continuing_subword_prefix, which we cannot run.')
  }
  if (type === 'Unigram' && model.byte_fallback) {
    throw new UnsupportedModel('tokenizer.json has a Unigram model with byte_fallback, which we cannot run.')
  }
  return { ...model, type }
}
