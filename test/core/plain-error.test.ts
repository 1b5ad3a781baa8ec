import { expect, test } from 'vitest'
import * as errors from '../../src/core/errors'
import { fromPlainError, toPlainError } from '../../src/core/plain-error'

const { abortError: _, ...classes } = errors

test.each(Object.entries({ ...classes, RangeError, TypeError }))(
  'a %s is one again after it has been sent, with its cause',
  (name, Class) => {
    const cause = new TypeError('network', { cause: new RangeError('deep') })
    const sent = structuredClone(toPlainError(new Class('what happened', { cause })))
    const error = fromPlainError(sent)
    expect(error).toBeInstanceOf(Class)
    expect(error).toMatchObject({ name, message: 'what happened', stack: sent.stack })
    expect(error.cause).toBeInstanceOf(TypeError)
    expect(error.cause).toMatchObject({ message: 'network', cause: { message: 'deep' } })
  },
)

test('what a class adds crosses: the status of an answer', () => {
  const sent = structuredClone(toPlainError(new errors.DownloadFailed('no', { status: 404 })))
  expect(fromPlainError(sent)).toMatchObject({ name: 'DownloadFailed', status: 404 })
  const range = structuredClone(toPlainError(Object.assign(new RangeError('far'), { at: 7, part: 'a', fix: () => 1 })))
  expect(range.fields).toEqual({ at: 7, part: 'a' })
  expect(fromPlainError(range)).toMatchObject({ name: 'RangeError', at: 7, part: 'a' })
})

test('the errors of an AggregateError cross with it, each of its class', () => {
  const cause = new AggregateError([new errors.DeviceLost('gone'), new TypeError('network')], 'both')
  const sent = structuredClone(toPlainError(new errors.DeviceLost('for good', { cause })))
  const { cause: both } = fromPlainError(sent)
  expect(both).toBeInstanceOf(AggregateError)
  expect((both as AggregateError).errors).toEqual([expect.any(errors.DeviceLost), expect.any(TypeError)])
  expect(both).toMatchObject({ message: 'both', errors: [{ message: 'gone' }, { message: 'network' }] })
})

test('an error of no known class keeps its name, an abort is the platform’s, anything else is a text', () => {
  const odd = Object.assign(new Error('odd'), { name: 'OddError' })
  expect(fromPlainError(toPlainError(odd))).toMatchObject({ name: 'OddError', message: 'odd' })
  const abort = fromPlainError(toPlainError(errors.abortError()))
  expect(abort).toBeInstanceOf(DOMException)
  expect(abort.name).toBe('AbortError')
  expect(fromPlainError(toPlainError('gone'))).toMatchObject({ name: 'Error', message: 'gone' })
})
