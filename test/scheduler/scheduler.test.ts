import { describe, expect, test } from 'vitest'
import { InvariantViolation } from '../../src/core/assert'
import { InvalidRequest } from '../../src/core/errors'
import type { Sequence } from '../../src/core/sequence'
import { Drive } from './drive'
import { EOS, expectedTokens, sequence } from './simulated-gpu'

/** A prompt whose tokens differ from every other sequence's. */
function prompt(id: number, length: number): number[] {
  return Array.from({ length }, (_, index) => 1 + ((id * 7 + index * 3) % 39))
}

/** Never ends before `maxLen`. */
function endless(id: number, promptLen: number, maxLen: number): Sequence {
  return sequence(id, prompt(id, promptLen), maxLen, { ignoreEos: true })
}

function added(drive: Drive, ...sequences: Sequence[]): Sequence[] {
  for (const each of sequences) drive.scheduler.add(each)
  return sequences
}

function shape(drive: Drive) {
  return drive.next()?.chunks.map(({ sequence: { id }, start, count, draws }) => [id, start, count, draws])
}

describe('a step', () => {
  test('holds decodes first, then partial prefills, then new sequences, within the budget', () => {
    const drive = new Drive(16, 64)
    added(drive, endless(1, 5, 20), endless(2, 21, 40), endless(3, 4, 20))
    expect(shape(drive)).toEqual([
      [1, 0, 5, true],
      [2, 0, 11, false],
    ])
    expect(shape(drive)).toEqual([
      [1, 5, 1, true],
      [2, 11, 10, true],
      [3, 0, 4, true],
    ])
    expect(shape(drive)).toEqual([
      [1, 6, 1, true],
      [2, 21, 1, true],
      [3, 4, 1, true],
    ])
  })

  test('gives prefills nothing when decodes fill the budget', () => {
    const drive = new Drive(4, 64)
    added(drive, endless(1, 2, 20), endless(2, 2, 20), endless(3, 1, 20), endless(4, 1, 20), endless(5, 9, 20))
    for (let step = 0; step < 3; step++) drive.next()
    expect(shape(drive)).toHaveLength(4)
    expect(drive.scheduler.numWaiting).toBe(1)
  })

  test('lets the decodes that were left out go first in the next one', () => {
    const drive = new Drive(3, 64)
    const sequences = added(drive, ...[1, 2, 3, 4, 5].map(id => endless(id, 1, 400)))
    drive.next()
    // Five decodes of which three fit: nobody waits for more than one step.
    const advanced = () => drive.next()?.chunks.map(chunk => chunk.sequence.id)
    expect([advanced(), advanced(), advanced()]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ])
    for (const each of sequences.slice(0, 1)) drive.scheduler.finish(each, 'abort')
    expect(advanced()).toEqual([2, 3, 4])
  })

  test('snapshots the block table', () => {
    const drive = new Drive(64, 8)
    added(drive, endless(1, 16, 40))
    const batch = drive.next()
    drive.next()
    expect(batch?.chunks[0].blockTable).toHaveLength(1)
  })
})
