import { InvalidRequest } from '../../core/errors'
import type { Instruction } from './program'

/** Knowledge of a branch at a place: nothing, that no match follows, or the place where the match that follows ends. */
const UNKNOWN = 0
const FAILS = -1

/** Places in a page; each page is of one branch. */
const PAGE_LEN = 2 ** 10

/** Most pages, of 4 bytes a place; texts of some 100,000 characters need a tenth of them. */
const MAX_PAGES = 2 ** 15

/**
 * Finds the matches of a program in one text by backtracking that tries no branch twice at the same place, for all
 * matches together: time and memory grow with the text times the program, whatever the pattern. What follows a branch
 * depends on nothing but the place, since a pattern here has no captures.
 */
export class Matcher {
  /** Knowledge by the page's number, the branch's, and the place in the page. */
  readonly #pages: (Int32Array | undefined)[][] = []
  #numPages = 0
  /** Pairs of an instruction to try and its place; ~instruction marks a branch that is being tried. */
  readonly #stack: number[] = []

  constructor(
    readonly program: readonly Instruction[],
    readonly text: string,
  ) {}

  /** The end of the match that begins at `index`; undefined if there is none. */
  endAt(index: number): number | undefined {
    const end = this.#run(0, index)
    return end === FAILS ? undefined : end
  }

  #run(begin: number, index: number): number {
    const base = this.#stack.length
    let at = begin
    let place = index
    for (;;) {
      const instruction = this.program[at]
      let isFailed = false
      switch (instruction.type) {
        case 'code point': {
          const code = this.text.codePointAt(place)
          isFailed = code === undefined || !instruction.has(code)
          at++
          place += code !== undefined && code > 0xffff ? 2 : 1
          break
        }
        case 'place':
          isFailed = !instruction.isAt(this.text, place)
          at++
          break
        case 'jump':
          at = instruction.to
          break
        case 'look':
          isFailed = (this.#run(instruction.begin, place) === FAILS) !== instruction.isNegative
          at = instruction.next
          break
        case 'atomic': {
          const end = this.#run(instruction.begin, place)
          isFailed = end === FAILS
          at = instruction.next
          place = end
          break
        }
        case 'split': {
          const known = this.#known(at, place)
          if (known > UNKNOWN) return this.#succeed(base, known - 1)
          isFailed = known === FAILS
          if (isFailed) break
          // a loop that comes here again without having moved gets no further
          this.#learn(at, place, FAILS)
          this.#stack.push(~at, place, instruction.second, place)
          at = instruction.first
          break
        }
        case 'end':
          return this.#succeed(base, place)
      }
      while (isFailed) {
        if (this.#stack.length === base) return FAILS
        place = this.#stack.pop() as number
        at = this.#stack.pop() as number
        isFailed = at < 0
      }
    }
  }

  /** Notes that all branches that are being tried lead to this end. */
  #succeed(base: number, end: number): number {
    while (this.#stack.length > base) {
      const place = this.#stack.pop() as number
      const at = this.#stack.pop() as number
      if (at < 0) this.#learn(~at, place, end + 1)
    }
    return end
  }

  #known(at: number, place: number): number {
    return this.#pages[Math.floor(place / PAGE_LEN)]?.[at]?.[place % PAGE_LEN] ?? UNKNOWN
  }

  #learn(at: number, place: number, value: number): void {
    const number = Math.floor(place / PAGE_LEN)
    this.#pages[number] ??= []
    const pages = this.#pages[number]
    pages[at] ??= this.#newPage()
    pages[at][place % PAGE_LEN] = value
  }

  #newPage(): Int32Array {
    if (++this.#numPages <= MAX_PAGES) return new Int32Array(PAGE_LEN)
    throw new InvalidRequest(
      `A text of ${this.text.length} characters needs more than ${(MAX_PAGES * PAGE_LEN * 4) / 2 ** 20} MiB to be split by the tokenizer's pattern. Shorten it.`,
    )
  }
}
