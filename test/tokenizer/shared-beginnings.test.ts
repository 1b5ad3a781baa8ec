import { describe, expect, test } from 'vitest'
import { addedTokens } from '../../src/tokenizer/added-tokens'
import { cutPlaces } from '../../src/tokenizer/cut-places'
import { configuredPreTokenizer } from '../../src/tokenizer/runnable-json'
import { SharedBeginnings } from '../../src/tokenizer/shared-beginnings'
import { TokenSplitter } from '../../src/tokenizer/token-splitter'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { type Random, random } from '../support/random'
import { CORPUS, DECOMPOSED, LANGUAGES } from './corpus'
import { type Kind, special } from './kind'
import { kinds } from './kinds'
import { sentencePieceJson, sentencePieceKinds } from './sentence-piece-kinds'

/** As published SentencePiece models are: a space is only ever the first of a piece. */
const wordwise: readonly Kind[] = sentencePieceKinds
  .filter(({ name }) => name !== 'Unigram')
  .map(({ name, json }) => {
    const merges = sentencePieceJson.model.merges.filter(merge => !/[^▁]▁/.test(merge.replace(' ', '')))
    return { name: `${name}, by words`, json: { ...json, model: { ...sentencePieceJson.model, merges } } }
  })

/** As Phi-3 has them. */
const phi: Kind = {
  name: 'role markers that take away white space',
  json: {
    ...wordwise[0].json,
    added_tokens: [
      ...sentencePieceJson.added_tokens,
      { ...special('<|user|>', 40), rstrip: true },
      { ...special('<|end|>', 41), rstrip: true },
    ],
  },
}

/** Those of which no text can be cut at spaces, each for a reason of its own. */
const UNCUT = ['every way to split', 'added tokens of all sorts', ...sentencePieceKinds.map(({ name }) => name)]

const all = [...kinds, ...wordwise, phi]

const WORDS = [...CORPUS, ...DECOMPOSED].flatMap(text => text.split(/(?<=\s)/)).filter(word => word !== '')
const JOINTS = [' ', '  ', ' \n ', '\n\n', '\t', '<s>', '</s> ', '<|end|>', '<|begin|>', ' <|user|> ', '<|user|>\n']
const ODD_JOINTS = [' <mask>', '\u00a0', '\u0085 ', '▁', ' ▁', "'s", '  two words ', ' cafe\u0301', '\ud83c ']

function randomText({ int }: Random, length: number): string {
  const pick = (of: readonly string[]) => of[int(0, of.length)]
  return Array.from({ length }, () => pick(WORDS) + (int(0, 2) ? '' : pick([...JOINTS, ...ODD_JOINTS]))).join('')
}

/** Where a tokenizer cuts, and what it calls to encode a piece. */
function cutting({ json, config = {} }: Pick<Kind, 'json' | 'config'>, encode: (text: string) => number[] = () => []) {
  const { vocab } = json.model as { readonly vocab: object | readonly (readonly [string, number])[] }
  const tokens = Array.isArray(vocab) ? vocab.map(([token]) => token) : Object.keys(vocab)
  const added = [...addedTokens(json, config, new Map(tokens.map((token, id) => [token, id]))).values()]
  const asWritten = added.filter(({ normalized }) => !(json.normalizer && normalized))
  const splitter = new TokenSplitter(new Map(asWritten.map(token => [token.content, token])))
  const places = cutPlaces({ ...json, pre_tokenizer: configuredPreTokenizer(json, config) }, added)
  return { places, pieces: new SharedBeginnings(places, splitter, encode) }
}

describe.each(all)('$name', ({ name, json, config = {} }) => {
  test('texts that begin alike have the tokens that each has alone', () => {
    const seed = Date.now() % 1e6
    const rng = random(seed)
    const tokenizer = new Tokenizer(json, config)
    const beginnings = [randomText(rng, 60), randomText(rng, 5), '']
    for (let round = 0; round < 60; round++) {
      const text = beginnings[rng.int(0, 3)] + randomText(rng, rng.int(0, 12))
      const wellFormed = text.replaceAll(/\p{Surrogate}/gu, '\ufffd')
      const ids = tokenizer.encodeWhole(wellFormed)
      expect(tokenizer.encode(text, { addSpecialTokens: false }), `seed ${seed}: ${JSON.stringify(text)}`).toEqual(ids)
    }
  })

  const isCut = !UNCUT.includes(name)

  test(isCut ? 'a beginning that texts share is encoded once' : 'a text is not cut at spaces', () => {
    const encoded: string[] = []
    const { places, pieces } = cutting({ json, config }, text => {
      encoded.push(text)
      return []
    })
    const beginning = LANGUAGES.slice(0, 9).join(' ')
    const count = (text: string) => {
      encoded.length = 0
      for (const _ of pieces.encode(text));
      return encoded.join('').length
    }
    expect(places.atSpaces).toBe(isCut)
    expect(count(`${beginning} one row`)).toBeGreaterThan(isCut ? 300 : beginning.length)
    expect(count(`${beginning} two rows`)).toBeLessThan(isCut ? 20 : beginning.length + 20)
    expect(encoded.some(piece => piece.startsWith(' '))).toBe(isCut && !places.prependsSpace)
  })
})

test('what follows an added token is encoded once, whatever was before it', () => {
  const { json } = wordwise[0]
  const encoded: string[] = []
  const { pieces } = cutting({ json: { ...json, model: { vocab: {} } } }, text => {
    encoded.push(text)
    return []
  })
  for (const name of ['Ann', 'Bob']) for (const _ of pieces.encode(`${name}<s>Be brief.</s>`));
  expect(encoded).toEqual(['Ann', '<s>Be brief.', '</s>', 'Bob'])
})

test('merges that go across spaces keep a text whole', () => {
  const [{ json }] = wordwise
  const model = json.model as typeof sentencePieceJson.model
  for (const merge of ['e ▁', ['e', '▁t']]) {
    const merged = { ...json, model: { ...model, merges: [merge, ...model.merges] } }
    expect(cutting({ json: merged }).places.atSpaces).toBe(false)
  }
  expect(cutting({ json }).places).toEqual({ atSpaces: true, prependsSpace: true })
})

test('a vocabulary that lacks a byte keeps a text whole: what it has no token for is lost, or one with its neighbours', () => {
  const [{ json }] = wordwise
  const { '<0x41>': _, ...vocab } = (json.model as typeof sentencePieceJson.model).vocab as Record<string, number>
  const lacking = { ...json, model: { ...(json.model as object), vocab } }
  expect(cutting({ json: lacking }).places.atSpaces).toBe(false)
})
