import { expect, test } from 'vitest'
import { assert } from '../../src/core/assert'
import type { Batch } from '../../src/core/batch'
import { PRIORITIES } from '../../src/core/priority'
import type { CallEvent, EngineEvent } from '../../src/engine/events'
import { Watching } from '../../src/engine/watching'
import { EngineState } from '../../src/watch'
import { Drive } from '../scheduler/drive'
import { all, randomPrompts, SCOPES, sequences } from '../scheduler/prompt-trees'
import { endless } from '../scheduler/simulated-gpu'
import { forEachSeed, pick } from '../support/for-each-seed'
import { plainSnapshot } from '../support/plain-snapshot'

const TIMES = { schedule: 0, plan: 0, encode: 0, submit: 0, wait: 0, account: 0, deliver: 0 }
const call = (first: number) => ({ kind: 'call', first, size: 1, plan: {} }) as CallEvent

/** Those who watch a drive, and the calls and steps that they are told of. */
function watchesOf(drive: Drive) {
  const calls = new Map<number, CallEvent>()
  const engine = { scheduler: drive.scheduler, tokenBudget: () => drive.tokenBudget, times: TIMES }
  const watching = new Watching(engine, calls)
  let numSteps = 0
  return {
    watching,
    call: (event: CallEvent) => {
      calls.set(event.first, event)
      watching.call(event)
    },
    endCall: (first: number) => void (calls.delete(first) && watching.endCall(first)),
    step: (batch: Batch) => watching.step(batch, ++numSteps),
  }
}

/** A listener that is busy until `rest` is called, with the state that its events come to. */
function busyListener() {
  const state = new EngineState()
  let rest = () => undefined as unknown
  const listener = (events: readonly EngineEvent[]) => {
    state.apply(events)
    const heard = Promise.resolve()
    // biome-ignore lint/suspicious/noThenProperty: settles when it is told to, within that call, where a promise takes a turn
    heard.then = resolve => {
      rest = resolve as typeof rest
      return heard as never
    }
    return heard
  }
  return { state, listener, rest: () => rest() }
}

test('events from a snapshot on come to the next one, through 20,000 random operations, for a busy listener too', () => {
  let removed = 0
  let steps = 0
  forEachSeed(40, random => {
    const numBlocks = random.int(14, 30)
    const groups = [{ numBlocks }, { numBlocks, window: 40 }].slice(0, random.int(1, 3))
    const drive = new Drive(pick(random, [1, 7, 16, 64]), groups, random.int(1, 4))
    const watches = watchesOf(drive)
    const state = new EngineState()
    const busy = busyListener()
    let isWatched = false
    for (let operation = 0; operation < 500; operation++) {
      const live = drive.sequences.filter(each => !each.isFinished)
      const choice = random.next()
      if (choice < 0.15 && live.length < 30) {
        const priority = pick(random, PRIORITIES)
        const [each] = sequences(random, randomPrompts(random, 1), drive.sequences.length, priority)
        watches.call(call(each.id))
        if (random.next() < 0.3) drive.addTo({}, each)
        else drive.addSharing(each, { ...all(each.tokens), scope: pick(random, SCOPES) }, {})
      } else if (choice < 0.18 && live.length > 0) drive.scheduler.finish(pick(random, live), 'abort')
      else if (choice < 0.184) {
        drive.restart()
        watches.watching.restart()
      } else if (choice < 0.62 && drive.gpu.numQueued < drive.depth) drive.next()
      else if (drive.gpu.numQueued > 0) {
        const { batch, drawn } = drive.gpu.run()
        for (const { sequence } of drive.scheduler.complete(batch, drawn)) {
          if (sequence.isFinished) watches.endCall(sequence.id)
        }
        watches.step(batch)
      }
      if (operation === 100) {
        for (const listener of [busy.listener, (events: readonly EngineEvent[]) => void state.apply(events)]) {
          watches.watching.watch(listener)
        }
        isWatched = true
      }
      if (!isWatched || operation % 5 > 0) continue
      const isRested = random.next() < 0.2
      if (isRested) busy.rest()
      const before = new Set(state.runs.keys())
      const snapshot = plainSnapshot(watches.watching.inspect())
      assert(plainSnapshot(state.snapshot()) === snapshot, `operation ${operation}: the events come to something else`)
      for (const id of before) if (!state.runs.has(id)) removed++
      if (!isRested) continue
      busy.rest()
      watches.watching.flush(true)
      assert(
        plainSnapshot(busy.state.snapshot()) === snapshot,
        `operation ${operation}: the busy one's come to something else`,
      )
    }
    steps += state.step?.step ?? 0
  })
  // The test means something only if these happen.
  expect(removed).toBeGreaterThan(100)
  expect(steps).toBeGreaterThan(3000)
})

test('a listener that is busy gets the last steps, all calls that it knows, and how things stand: no more than that', () => {
  const drive = new Drive(16, 64)
  const watches = watchesOf(drive)
  const seen: EngineEvent[] = []
  let heard: (() => void) | undefined
  watches.call(call(1_000_000))
  watches.watching.watch(events => {
    seen.push(...events)
    return new Promise<void>(resolve => {
      heard = resolve
    })
  })
  for (let round = 0; round < 300; round++) {
    watches.call(call(round))
    if (drive.scheduler.numRunning === 0) drive.add(endless(round, 3, 200))
    const batch = drive.next()
    if (batch) {
      drive.complete()
      watches.step(batch)
    }
    watches.endCall(round)
  }
  watches.endCall(1_000_000)
  expect(seen.map(({ kind }) => kind)).toEqual(['snapshot'])
  return Promise.resolve(heard?.()).then(() => {
    const steps = seen.filter(event => event.kind === 'step').map(({ step }) => step)
    expect(steps).toHaveLength(64)
    expect(steps.at(-1)).toBe(steps[0] + 63)
    const count = (kind: string) => seen.filter(event => event.kind === kind).length
    expect([count('tree'), count('blocks'), count('counts')]).toEqual([1, 1, 1])
    // of the calls that came and went meanwhile the last; of the one that was there before the end
    expect(count('call')).toBe(63)
    expect(count('call-end')).toBe(64)
    expect(seen.some(event => event.kind === 'call-end' && event.first === 1_000_000)).toBe(true)
  })
})
