import { describe, expect, test } from 'vitest'
import { InvalidRequest } from '../../../src/core/errors'
import { chooseVariant } from '../../../src/loader/hub/choose-variant'
import { parseHubLocation } from '../../../src/loader/hub/location'

describe('a Hugging Face id', () => {
  test.each([
    ['org/name', { id: 'org/name' }],
    ['or-g.1/na_me.v2', { id: 'or-g.1/na_me.v2' }],
    ['org/name@v1.0', { id: 'org/name', revision: 'v1.0' }],
    ['org/name@refs/pr/7', { id: 'org/name', revision: 'refs/pr/7' }],
    ['org/name:Q4_K_M', { id: 'org/name', quantization: 'Q4_K_M' }],
    ['org/name@main:Q8_0', { id: 'org/name', revision: 'main', quantization: 'Q8_0' }],
    ['org/name/a.gguf', { id: 'org/name', file: 'a.gguf' }],
    ['org/name@main/Q4/a-00001-of-00002.gguf', { id: 'org/name', revision: 'main', file: 'Q4/a-00001-of-00002.gguf' }],
  ])('%s is understood', (text, expected) => {
    expect(parseHubLocation(text)).toEqual({
      revision: undefined,
      file: undefined,
      quantization: undefined,
      ...expected,
    })
  })

  test.each(['name', 'org/', 'org/name/x.bin', 'models/a.gguf', 'org/name:', 'org/name@', 'a b/c'])(
    '%s is none',
    text => {
      expect(parseHubLocation(text)).toBeUndefined()
    },
  )
})

describe('the variant that is meant', () => {
  const ROOM = { bytes: 1000, reason: 'a test' }

  /** `files`: their names, or names with their bytes. */
  const choose = (text: string, ...files: (string | [string, number])[]) => {
    const location = parseHubLocation(text)
    if (!location) throw new Error(`${text} is no id`)
    const listed = new Map(
      files.map(file => (typeof file === 'string' ? [file, { bytes: 1 }] : [file[0], { bytes: file[1] }])),
    )
    return chooseVariant(location, listed, ROOM)
  }

  test('of a repository of safetensors is the plain one, unless another is asked for', () => {
    expect(choose('org/name', 'model.safetensors', 'a.gguf', 'model.fp16.safetensors')).toEqual({})
    expect(choose('org/name', 'model-00001-of-00002.safetensors', 'a.gguf')).toEqual({})
    expect(choose('org/name:a', 'model.safetensors', 'x-a.gguf')).toEqual({ gguf: 'x-a.gguf' })
    expect(choose('org/name:fp16', 'model.safetensors', 'model.fp16.safetensors')).toEqual({ variant: 'fp16' })
    expect(choose('org/name:fp16', 'model.safetensors', 'model.safetensors.index.fp16.json')).toEqual({
      variant: 'fp16',
    })
    expect(choose('org/name', 'README.md')).toEqual({})
  })

  test('is the only one, or the one whose name has the quantisation, in any case', () => {
    const paths = ['x-Q4_K.gguf', 'x-Q4_K_M.gguf', 'x-Q8_0.gguf', 'mmproj-x-Q8_0.gguf', 'sub/BF16/x-BF16.gguf']
    expect(choose('org/name', 'x-Q4_K.gguf', 'mmproj-x.gguf').gguf).toBe('x-Q4_K.gguf')
    expect(choose('org/name:q4_k_m', ...paths).gguf).toBe('x-Q4_K_M.gguf')
    expect(choose('org/name:Q4_K', ...paths).gguf).toBe('x-Q4_K.gguf')
    expect(choose('org/name:Q8_0', ...paths).gguf).toBe('x-Q8_0.gguf')
    expect(choose('org/name:BF16', ...paths).gguf).toBe('sub/BF16/x-BF16.gguf')
    expect(choose('org/name:Q5_1', 'x_Q5_1.gguf', 'x_Q8_0.gguf').gguf).toBe('x_Q5_1.gguf')
  })

  test('of a split model is the first', () => {
    const parts = ['a-Q8_0-00002-of-00002.gguf', 'a-Q8_0-00001-of-00002.gguf']
    expect(choose('org/name', ...parts)).toEqual({ gguf: 'a-Q8_0-00001-of-00002.gguf' })
    expect(choose('org/name:Q8_0', ...parts, 'a-Q4_0.gguf').gguf).toBe('a-Q8_0-00001-of-00002.gguf')
  })

  test('of several of one model is the largest that fits: all parts count, floats and formats that are not read do not', () => {
    const small: [string, number][] = [
      ['x-Q2_K.gguf', 300],
      ['UD-Q3/x-UD-Q3_K_XL.gguf', 500],
      ['x-Q4_K_M.gguf', 700],
      ['x-IQ3_M.gguf', 900],
      ['x-BF16.gguf', 950],
    ]
    const split: [string, number][] = [
      ['x-Q8_0-00001-of-00002.gguf', 600],
      ['x-Q8_0-00002-of-00002.gguf', 600],
    ]
    expect(choose('org/name', ...small, ...split)).toEqual({
      gguf: 'x-Q4_K_M.gguf',
      decision:
        'x-Q4_K_M.gguf of 6 variants, 0.00 GiB: the largest of at most 0.00 GiB (a test); org/name:NAME chooses another',
    })
    expect(choose('org/name', ['x-Q4_0.gguf', 2000], ['x-Q8_0.gguf', 4000])).toMatchObject({
      gguf: 'x-Q4_0.gguf',
      decision: expect.stringContaining('the smallest, none has at most'),
    })
    expect(choose('org/name', ['x-f16.gguf', 900], ['x-f32.gguf', 1800]).gguf).toBe('x-f16.gguf')
    expect(choose('org/name', ['model.fp16.safetensors', 900], ['model.fp32.safetensors', 1800])).toMatchObject({
      variant: 'fp16',
    })
  })

  test('must be clear, or the error lists the choices', () => {
    expect(() => choose('org/name', 'a-Q4_0.gguf', 'b-Q8_0.gguf')).toThrow(InvalidRequest)
    expect(() => choose('org/name', 'a-Q4_0.gguf', 'b-Q8_0.gguf')).toThrow(
      'org/name has several GGUF models. Choose a GGUF file as org/name/FILE, or a variant as org/name:NAME. There are a-Q4_0.gguf, b-Q8_0.gguf.',
    )
    expect(() => choose('org/name:Q5_0', 'a-Q4_0.gguf')).toThrow('org/name has no model for Q5_0. Choose')
    expect(() => choose('org/name/b.gguf', 'a.gguf')).toThrow('org/name has no model for b.gguf.')
    expect(() => choose('org/name:Q8_0', 'model.safetensors')).toThrow('org/name has no model for Q8_0.')
    expect(() => choose('org/name:Q8_0', 'a-Q8_0.gguf', 'b-Q8_0.gguf')).toThrow('has several models for Q8_0.')
  })
})
