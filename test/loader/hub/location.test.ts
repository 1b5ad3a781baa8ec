import { describe, expect, test } from 'vitest'
import { InvalidRequest } from '../../../src/core/errors'
import { chooseGguf } from '../../../src/loader/hub/choose-gguf'
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

describe('the GGUF file that is meant', () => {
  const choose = (text: string, ...paths: string[]) => {
    const location = parseHubLocation(text)
    if (!location) throw new Error(`${text} is no id`)
    return chooseGguf(location, paths)
  }

  test('of a repository of safetensors is none, unless one is asked for', () => {
    expect(choose('org/name', 'model.safetensors', 'a.gguf')).toBeUndefined()
    expect(choose('org/name:a', 'model.safetensors', 'x-a.gguf')).toBe('x-a.gguf')
    expect(choose('org/name', 'README.md')).toBeUndefined()
  })

  test('is the only one, or the one whose name has the quantisation, in any case', () => {
    const paths = ['x-Q4_K.gguf', 'x-Q4_K_M.gguf', 'x-Q8_0.gguf', 'mmproj-x-Q8_0.gguf', 'sub/BF16/x-BF16.gguf']
    expect(choose('org/name', 'x-Q4_K.gguf', 'mmproj-x.gguf')).toBe('x-Q4_K.gguf')
    expect(choose('org/name:q4_k_m', ...paths)).toBe('x-Q4_K_M.gguf')
    expect(choose('org/name:Q4_K', ...paths)).toBe('x-Q4_K.gguf')
    expect(choose('org/name:Q8_0', ...paths)).toBe('x-Q8_0.gguf')
    expect(choose('org/name:BF16', ...paths)).toBe('sub/BF16/x-BF16.gguf')
  })

  test('of a split model is the first', () => {
    const parts = ['a-Q8_0-00002-of-00002.gguf', 'a-Q8_0-00001-of-00002.gguf']
    expect(choose('org/name', ...parts)).toBe('a-Q8_0-00001-of-00002.gguf')
    expect(choose('org/name:Q8_0', ...parts, 'a-Q4_0.gguf')).toBe('a-Q8_0-00001-of-00002.gguf')
  })

  test('must be clear, or the error lists the choices', () => {
    expect(() => choose('org/name', 'a-Q4_0.gguf', 'a-Q8_0.gguf')).toThrow(InvalidRequest)
    expect(() => choose('org/name', 'a-Q4_0.gguf', 'a-Q8_0.gguf')).toThrow(
      'org/name has several GGUF models. Choose a file as org/name/FILE, or a quantisation as org/name:NAME. There are a-Q4_0.gguf, a-Q8_0.gguf.',
    )
    expect(() => choose('org/name:Q5_0', 'a-Q4_0.gguf')).toThrow('org/name has no GGUF model for Q5_0. Choose')
    expect(() => choose('org/name/b.gguf', 'a.gguf')).toThrow('org/name has no GGUF model for b.gguf.')
    expect(() => choose('org/name:Q8_0', 'model.safetensors')).toThrow('org/name has no GGUF model for Q8_0.')
  })
})
