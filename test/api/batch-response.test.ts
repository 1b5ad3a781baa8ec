import { describe, expect, it } from 'vitest'
import { type BatchRequest, parseBatchRequest } from '../../src/api/batch-request'
import { type BatchResponse, batchResponse, failedResponse } from '../../src/api/batch-response'
import type { Drawn } from '../../src/core/batch'
import { TokenTexts } from '../../src/engine/token-texts'
import { type GenerationResult, type TokenLogprob, UnsupportedModel } from '../../src/index'

const RESULT: GenerationResult = {
  index: 0,
  text: 'aé',
  tokenIds: [1, 2],
  promptTokenIds: [8, 9, 10],
  finishReason: 'length',
  logprobs: undefined,
  usage: { promptTokens: 3, completionTokens: 2, cachedTokens: 1 },
  error: undefined,
}

/** Two tokens and what else was likely; 3 and 4 are halves of characters and read the same. */
const DRAWS: readonly Drawn[] = [
  {
    tokenId: 1,
    logprob: -0.5,
    topLogprobs: [
      { tokenId: 1, logprob: -0.5 },
      { tokenId: 2, logprob: -1 },
    ],
  },
  {
    tokenId: 2,
    logprob: -2,
    topLogprobs: [
      { tokenId: 3, logprob: -0.25 },
      { tokenId: 4, logprob: -3 },
    ],
  },
]
/** As they stand in the vocabulary: bytes of 木 and of 🌱 in the characters of byte-level tokenizers. */
const TOKENS = ['', 'a', 'Ã©', 'æľ', 'ðŁĮ', '¨', '±', '<|end|>']
const TEXTS = ['', 'a', 'é', '\ufffd', '\ufffd', '\ufffd', '\ufffd', '']
const END = 7
const VOCABULARY = {
  decode: (ids: readonly number[], { skipSpecialTokens = true } = {}) =>
    ids.map(id => (id === END && !skipSpecialTokens ? '<|end|>' : TEXTS[id])).join(''),
  isVisible: (id: number) => id !== END,
  token: (id: number) => TOKENS[id],
}

/** The draws as results have them. */
function scored(draws: readonly Drawn[]): TokenLogprob[] {
  const texts = new TokenTexts(VOCABULARY)
  return draws.map(draw => texts.next(draw))
}

const LOGPROBS = scored(DRAWS)

const completion = { prompt: 'x' }
const chat = { messages: [{ role: 'user', content: 'x' }] }

/** The answer as it stands in the file. */
function answer(body: object, result: Partial<GenerationResult> = {}): BatchResponse {
  const request: BatchRequest = parseBatchRequest(JSON.stringify({ custom_id: 'mine', body }), 4)
  const response = batchResponse(request, { ...RESULT, ...result }, 'tiny')
  return JSON.parse(JSON.stringify(response))
}

/** The only choice of an answer. */
function choice(body: object, result?: Partial<GenerationResult>): unknown {
  const written = answer(body, result).response?.body as { choices: unknown[] } | undefined
  expect(written?.choices).toHaveLength(1)
  return written?.choices[0]
}

describe('an answer', () => {
  it('to a completion has OpenAI’s shape', () => {
    const before = Math.floor(Date.now() / 1000)
    const response = answer(completion)
    expect(response).toEqual({
      id: 'batch_req_4',
      custom_id: 'mine',
      response: {
        status_code: 200,
        request_id: 'cmpl-4',
        body: {
          id: 'cmpl-4',
          object: 'text_completion',
          created: expect.any(Number),
          model: 'tiny',
          choices: [{ index: 0, text: 'aé', logprobs: null, finish_reason: 'length' }],
          usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
        },
      },
      error: null,
    })
    const body = response.response?.body as { created: number } | undefined
    expect(body?.created).toBeGreaterThanOrEqual(before)
    expect(body?.created).toBeLessThanOrEqual(Date.now() / 1000)
  })

  it('to a chat has OpenAI’s shape', () => {
    const { response, error } = answer(chat, { finishReason: 'stop' })
    expect(error).toBeNull()
    expect(response).toMatchObject({ request_id: 'chatcmpl-4', body: { id: 'chatcmpl-4', object: 'chat.completion' } })
    expect(choice(chat, { finishReason: 'stop' })).toEqual({
      index: 0,
      message: { role: 'assistant', content: 'aé', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    })
  })

  it('says the tokens of prompt and output where asked', () => {
    const asked = { return_token_ids: true }
    const tokens = { prompt_token_ids: [8, 9, 10], token_ids: [1, 2] }
    expect(choice({ ...completion, ...asked })).toMatchObject(tokens)
    expect(choice({ ...chat, ...asked })).toMatchObject(tokens)
    expect(choice(completion)).not.toHaveProperty('token_ids')
  })
})

describe('log-probabilities', () => {
  it('of a completion are parallel lists; of tokens that read the same, the likeliest counts', () => {
    expect(choice({ ...completion, logprobs: 2 }, { logprobs: LOGPROBS })).toMatchObject({
      logprobs: {
        tokens: ['a', 'é'],
        token_logprobs: [-0.5, -2],
        top_logprobs: [{ a: -0.5, é: -1 }, { '\ufffd': -0.25 }],
        text_offset: [0, 1],
      },
    })
  })

  it('of a chat are a list of tokens with their bytes', () => {
    const a = { token: 'a', logprob: -0.5, bytes: [97] }
    expect(choice({ ...chat, logprobs: true, top_logprobs: 2 }, { logprobs: LOGPROBS })).toMatchObject({
      logprobs: {
        content: [
          { ...a, top_logprobs: [a, { token: 'é', logprob: -1, bytes: [195, 169] }] },
          {
            token: 'é',
            logprob: -2,
            bytes: [195, 169],
            top_logprobs: [
              { token: '\ufffd', bytes: [0xe6, 0x9c], logprob: -0.25 },
              { token: '\ufffd', bytes: [0xf0, 0x9f, 0x8c], logprob: -3 },
            ],
          },
        ],
      },
    })
  })

  const drawn = (...ids: number[]) => scored(ids.map(tokenId => ({ tokenId, logprob: -1, topLogprobs: [] })))

  // each part once said [239, 191, 189]
  it('of the parts of an emoji join to its UTF-8, and the end adds nothing', () => {
    const { logprobs } = choice({ ...chat, logprobs: true }, { logprobs: drawn(4, 6, 2, END) }) as {
      readonly logprobs: { readonly content: readonly { readonly token: string; readonly bytes: number[] }[] }
    }
    expect(Buffer.from(logprobs.content.flatMap(({ bytes }) => bytes)).toString()).toBe('🌱é')
    expect(logprobs.content.map(({ token }) => token)).toEqual(['\ufffd', '\ufffd', 'é', '<|end|>'])
  })

  it('of a completion say where in the text each token begins, in code points', () => {
    const written = choice({ ...completion, logprobs: 0 }, { logprobs: drawn(1, 4, 6, 3, 5, 2, END) })
    expect(written).toMatchObject({ logprobs: { text_offset: [0, 1, 1, 2, 2, 3, 4] } })
  })
})

describe('an error', () => {
  it('of a request is one line with its class, reason and line, and no response', () => {
    expect(failedResponse(2, 'x', new UnsupportedModel('why'))).toEqual({
      id: 'batch_req_2',
      custom_id: 'x',
      response: null,
      error: { code: 'UnsupportedModel', message: 'why', line: 2 },
    })
  })

  // it was once called InvalidRequest, whatever had gone wrong
  it('of a generation keeps its class, and says the line', () => {
    expect(answer(completion, { finishReason: 'error', error: new UnsupportedModel('No logit is finite.') })).toEqual({
      id: 'batch_req_4',
      custom_id: 'mine',
      response: null,
      error: { code: 'UnsupportedModel', message: 'Line 4: No logit is finite.', line: 4 },
    })
  })
})
