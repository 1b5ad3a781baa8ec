import { describe, expect, test } from 'vitest'
import { assert } from '../../src/core/assert'
import { BLOCK_LEN } from '../../src/core/block'
import type { ReadParams, ScoredPlace } from '../../src/core/reads'
import type { Sequence } from '../../src/core/sequence'
import { forEachSeed, pick } from '../support/for-each-seed'
import type { Random } from '../support/random'
import { Drive } from './drive'
import { all, checkOutput, randomPrompts } from './prompt-trees'
import { expectedScores, promptOf, sequence, VOCAB_SIZE } from './simulated-gpu'

/** What the places of each sequence came to. */
class Scores {
  readonly #found = new Map<Sequence, Map<number, number[]>>()

  constructor(readonly drive: Drive) {
    const complete = drive.complete.bind(drive)
    drive.complete = () => {
      const completed = complete()
      for (const { sequence, position, drawn } of completed) {
        const places = this.#found.get(sequence) ?? new Map()
        this.#found.set(sequence, places)
        if (drawn.scores) places.set(position, [...drawn.scores])
      }
      return completed
    }
  }

  /** Asserts that all that was asked for came, and is what it is alone. */
  check(sequence: Sequence): void {
    const { tokens, promptLen, params, id } = sequence
    const { scored, promptLogprobs } = params
    const known = tokens.slice(1, promptLen).map((tokenId, index) => ({ position: index + 1, tokenIds: [tokenId] }))
    const places: readonly ScoredPlace[] = scored ?? (promptLogprobs === undefined ? [] : known)
    const expected = places.map(({ position, tokenIds }) => expectedScores(tokens.slice(0, position), tokenIds))
    const found = places.map(({ position }) => this.#found.get(sequence)?.get(position))
    assert(JSON.stringify(found) === JSON.stringify(expected), `sequence ${id}: ${found}, alone ${expected}`)
  }
}

function randomReads(random: Random, promptLen: number): ReadParams {
  if (random.next() < 0.3) return {}
  if (random.next() < 0.2) return { promptLogprobs: random.int(0, 3) }
  const positions = Array.from({ length: random.int(1, 6) }, () =>
    random.int(Math.max(1, promptLen - 40), promptLen + 1),
  )
  return {
    scored: [...new Set(positions)].map(position => {
      return { position, tokenIds: Array.from({ length: random.int(1, 5) }, () => random.int(0, VOCAB_SIZE)) }
    }),
  }
}

describe('rows of prompts that are read', () => {
  test.each([false, true])('give what they give alone, and change nothing else: windows %s', isWindowed => {
    let saved = 0
    forEachSeed(30, random => {
      const groups = isWindowed ? [{ numBlocks: 60 }, { numBlocks: 60, window: 20 }] : random.int(12, 60)
      const drive = new Drive(pick(random, [1, 7, 16, 64]), groups, random.int(1, 4))
      const scores = new Scores(drive)
      randomPrompts(random, 20).forEach((prompt, id) => {
        const reads = randomReads(random, prompt.length)
        const each = sequence(id, prompt, prompt.length + random.int(1, 20), { ignoreEos: true, ...reads })
        if (random.next() < 0.5) drive.addSharing(each, all(prompt))
        else drive.add(each)
      })
      const isQuiet = random.next() < 0.5
      drive.drain(drive.depth, step => {
        if (isQuiet) return
        if (random.next() < 0.02) drive.scheduler.preemptLast()
        if (step === 40) drive.restart()
      })
      const { savedTokens, preemptions } = drive.scheduler.stats
      saved += savedTokens
      assert(!isQuiet || preemptions === 0, `${preemptions} preemptions`)
      for (const each of drive.sequences) {
        checkOutput(each)
        scores.check(each)
      }
    })
    expect(saved).toBeGreaterThan(1000)
  })

  test('are computed, and those before them taken over', () => {
    const prompt = promptOf(1, 3 * BLOCK_LEN + 5)
    const drive = new Drive(64, 60, 1)
    drive.add(sequence(0, prompt, prompt.length + 1))
    drive.drain()
    const rowsOf = (params: ReadParams) => {
      const before = drive.scheduler.stats.prefillTokens
      drive.add(sequence(drive.sequences.length, prompt, prompt.length + 1, params))
      drive.drain()
      return drive.scheduler.stats.prefillTokens - before
    }
    const at = (position: number): ReadParams => ({ scored: [{ position, tokenIds: [1] }] })
    const last = prompt.length
    expect([{}, at(last), at(last - 10), at(2), { promptLogprobs: 0 }].map(rowsOf)).toEqual([1, 1, 11, last - 1, last])
  })

  test('of a tree of endings are computed once, if who reads a row comes before who takes it over', () => {
    forEachSeed(40, random => {
      const begin = promptOf(random.int(0, 9), random.int(1, 50))
      const endings = [[1, 2, 3], [1, 2], [1, 4], [5]]
      const drive = new Drive(pick(random, [1, 7, 64]), 60, random.int(1, 4))
      const scores = new Scores(drive)
      // as `score` plans it: the first path reads all of its rows, each other those below its fork
      const place = (position: number, ...tokenIds: number[]) => ({ position: begin.length + position, tokenIds })
      const paths = [
        { ending: endings[1], scored: [place(0, 1, 5), place(1, 2, 4), place(2, 3)] },
        { ending: endings[2], scored: [place(2, 9)] },
      ]
      paths.forEach(({ ending, scored }, id) => {
        const prompt = [...begin, ...ending]
        drive.addSharing(sequence(id, prompt, prompt.length + 1, { scored }), all(prompt))
      })
      drive.drain(drive.depth)
      for (const each of drive.sequences) scores.check(each)
      expect(drive.scheduler.stats.prefillTokens).toBe(begin.length + 3)
    })
  })
})
