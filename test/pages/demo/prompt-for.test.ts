import { expect, it } from 'vitest'
import { promptFor } from '../../../src/pages/demo/prompt-for'

it('puts the instruction before the line, as a system message or as a paragraph', () => {
  expect(promptFor('Sort it.\n', 'a lamp', true)).toEqual([
    { role: 'system', content: 'Sort it.' },
    { role: 'user', content: 'a lamp' },
  ])
  expect(promptFor('Sort it.\n', 'a lamp', false)).toBe('Sort it.\n\na lamp')
})

it('puts the line where the instruction says, exactly as it is', () => {
  const instruction = 'Sort it.\nTicket: {line}\nAnswer:'
  expect(promptFor(instruction, 'costs $& and $1', false)).toBe('Sort it.\nTicket: costs $& and $1\nAnswer:')
  expect(promptFor(instruction, 'a lamp', true)).toEqual([
    { role: 'user', content: 'Sort it.\nTicket: a lamp\nAnswer:' },
  ])
})

it('gives the line alone where there is no instruction', () => {
  expect(promptFor(' \n', 'a lamp', false)).toBe('a lamp')
  expect(promptFor('', 'a lamp', true)).toEqual([{ role: 'user', content: 'a lamp' }])
})
