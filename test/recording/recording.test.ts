import { expect, test } from 'vitest'
import { InvalidRequest } from '../../src/index'
import { type EngineEvent, EngineState, play, record } from '../../src/watch'
import { openEngine } from '../null-gpu/open'
import { plainSnapshot } from '../support/plain-snapshot'

const few = { maxTokens: 8, ignoreEos: true }
const rows = Array.from({ length: 20 }, (_, index) => `One instruction for all of them. Row ${index}`)

async function played(file: Blob): Promise<EngineEvent[]> {
  const events: EngineEvent[] = []
  for await (const event of play(file)) events.push(event)
  return events
}

function gzip(text: string): Promise<Blob> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).blob()
}

test('a recording plays the events that were told, and comes to what the engine says of itself', async () => {
  const engine = await openEngine()
  await engine.generate(rows.slice(0, 3), few).all()
  const recording = record(engine)
  const told: EngineEvent[] = []
  engine.watch(events => void told.push(...events))
  // watching is loaded by then
  await engine.inspect()
  const abort = new AbortController()
  const running = engine.generate(rows, { ...few, maxTokens: 40 }, { signal: abort.signal }).all()
  await engine.generate(rows.slice(5), few).all()
  abort.abort(new Error('enough'))
  await expect(running).rejects.toThrow('enough')
  // behind those in flight when the call was aborted
  await engine.generate([[1]], few).all()
  const file = await recording.stop()
  const snapshot = plainSnapshot(await engine.inspect())
  engine.dispose()
  const events = await played(file)
  expect(plainSnapshot(new EngineState().apply(events).snapshot())).toBe(snapshot)
  const steps = (list: readonly EngineEvent[]) => list.filter(({ kind }) => kind === 'step')
  expect(steps(events).length).toBeGreaterThanOrEqual(8)
  expect(steps(events)).toEqual(steps(told))
  expect(file.size).toBeLessThan(20_000)
})

test('a recording of an engine that is disposed ends with its calls', async () => {
  const engine = await openEngine()
  const recording = record(engine)
  await engine.inspect()
  const running = engine.generate(rows, few)
  running.all().catch(() => undefined)
  await running.plan
  engine.dispose()
  const events = await played(await recording.stop())
  expect(events.at(-1)).toEqual({ kind: 'call-end', first: 0 })
})

const header = JSON.stringify({ file: 'coppice events', version: 1, modelName: 'tiny' })
test.each([
  ['of another version', header.replace('1', '7'), 'The recording is of version 7, but this reads version 1.'],
  ['that is another file', '{"custom_id": 1}', 'The file is no recording: its first line is {"custom_id": 1}'],
  ['without JSON', 'hello', 'Line 1 of the recording is no JSON: hello'],
  ['with a line that is none', `${header}\n{"kind":`, 'Line 2 of the recording is no JSON: {"kind":'],
  ['with an unknown event', `${header}\n{"kind":"stop"}`, 'Line 2 of the recording is no event: {"kind":"stop"}'],
])('a recording %s is refused', async (_, text, message) => {
  const playing = played(await gzip(`${text}\n`))
  await expect(playing).rejects.toBeInstanceOf(InvalidRequest)
  await expect(playing).rejects.toThrow(message)
})

test('a recording that is cut off, or no gzip, is refused', async () => {
  const whole = await gzip(`${header}\n`)
  await expect(played(whole.slice(0, whole.size - 9))).rejects.toThrow('damaged or cut off')
  await expect(played(new Blob(['hello']))).rejects.toThrow('damaged or cut off')
  await expect(played(await gzip(header))).rejects.toThrow('it is cut off')
  await expect(played(await gzip(''))).rejects.toThrow('The recording is empty.')
})
