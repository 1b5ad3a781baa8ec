import { expect, it } from 'vitest'
import { Sequence } from '../../src/core/sequence'
import { Output } from '../../src/engine/output'
import { samplingParams } from '../../src/engine/sampling-params'
import { Tokenizer } from '../../src/tokenizer/tokenizer'
import { byteLevelTokenizer, byteLevelTokenizerConfig } from '../support/seeded-tokenizer'

const tokenizer = new Tokenizer(byteLevelTokenizer(258), byteLevelTokenizerConfig)

it('a stop string that ends with the last token allowed is the reason, not the length', () => {
  const said = tokenizer.encode('abc')
  const params = samplingParams({ maxTokens: said.length, stop: 'bc' }, 258)
  const sequence = new Sequence(0, [1], params, 1 + said.length, [])
  const output = new Output(0, sequence, tokenizer)
  const stops = said.map(tokenId => {
    sequence.tokens.push(tokenId)
    return output.push({ tokenId }, sequence.tokens.length - 1)
  })
  sequence.finishReason = 'length'
  expect(stops).toEqual([false, false, true])
  expect(output.result()).toMatchObject({ text: 'a', finishReason: 'stop' })
})
