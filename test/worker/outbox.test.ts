import { expect, test } from 'vitest'
import { InvalidRequest } from '../../src/core/errors'
import { emptyResult } from '../../src/engine/generation'
import { Outbox } from '../../src/worker/outbox'
import { type CallMessage, MAX_UNHEARD, MAX_UNREAD } from '../../src/worker/protocol'

function open() {
  const sent: CallMessage[] = []
  const outbox = new Outbox(7, message => sent.push(message))
  const texts = () => sent.flatMap(message => (message.type === 'texts' ? [message.texts] : []))
  return { outbox, sent, texts }
}

test('all pieces of a step make one message', async () => {
  const { outbox, sent } = open()
  outbox.say('a', 1)
  outbox.say('b', 0)
  outbox.say('c', 1)
  expect(sent).toEqual([])
  await Promise.resolve()
  expect(sent).toEqual([
    {
      type: 'texts',
      call: 7,
      texts: [
        [1, 'ac'],
        [0, 'b'],
      ],
    },
  ])
})

test('pieces that the page has no time for become one, and none is lost', async () => {
  const { outbox, texts } = open()
  for (const piece of 'abcdefgh') {
    outbox.say(piece, 0)
    await Promise.resolve()
  }
  expect(texts()).toHaveLength(MAX_UNHEARD)
  outbox.heard()
  expect(texts()).toEqual([[[0, 'a']], [[0, 'b']], [[0, 'cdefgh']]])
})

test('a text comes before its result, heard or not', async () => {
  const { outbox, sent } = open()
  for (const piece of 'abcd') {
    outbox.say(piece, 0)
    await Promise.resolve()
  }
  await outbox.send(emptyResult(0))
  expect(sent.slice(-2)).toMatchObject([{ texts: [[0, 'cd']] }, { type: 'result' }])
})

test('results that are not read wait, and go on as many as were read', async () => {
  const { outbox, sent } = open()
  const sending = (async () => {
    for (let index = 0; index < MAX_UNREAD + 10; index++) await outbox.send(emptyResult(index))
  })()
  await new Promise(resolve => setTimeout(resolve))
  expect(sent).toHaveLength(MAX_UNREAD)
  outbox.read(3)
  await new Promise(resolve => setTimeout(resolve))
  expect(sent).toHaveLength(MAX_UNREAD + 3)
  outbox.read(7)
  await sending
  expect(sent).toHaveLength(MAX_UNREAD + 10)
})

test('a failed prompt’s error can be cloned', async () => {
  const { outbox, sent } = open()
  await outbox.send(emptyResult(0, new InvalidRequest('empty')))
  expect(structuredClone(sent)).toMatchObject([{ result: { error: { name: 'InvalidRequest', message: 'empty' } } }])
})
