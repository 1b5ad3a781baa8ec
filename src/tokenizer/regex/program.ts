import { UnsupportedModel } from '../../core/errors'
import type { Node } from './node'

/** An instruction of a pattern; places in the program by index. */
export type Instruction =
  | { readonly type: 'code point'; readonly has: (codePoint: number) => boolean }
  | { readonly type: 'place'; readonly isAt: (text: string, index: number) => boolean }
  | { readonly type: 'split'; readonly first: number; readonly second: number }
  | { readonly type: 'jump'; readonly to: number }
  /** A look ahead: the instructions from `begin` up to their `end` must match here, or must not; then goes on at `next`. */
  | { readonly type: 'look'; readonly begin: number; readonly isNegative: boolean; readonly next: number }
  | { readonly type: 'atomic'; readonly begin: number; readonly next: number }
  | { readonly type: 'end' }

/** Longest program. Repetitions are written out, so a short pattern may make a long one; published ones take under 200. */
const MAX_INSTRUCTIONS = 2 ** 12

/** The program of a pattern. @throws UnsupportedModel for one that becomes too long */
export function compile(root: Node, pattern: string): readonly Instruction[] {
  const program: Instruction[] = []
  const add = (instruction: Instruction): number => {
    if (program.length >= MAX_INSTRUCTIONS) {
      throw new UnsupportedModel(
        `tokenizer.json has the pattern ${pattern}, which takes over ${MAX_INSTRUCTIONS} instructions.`,
      )
    }
    return program.push(instruction) - 1
  }
  /** Adds an instruction that only what follows can complete. */
  const later = (complete: (next: number) => Instruction) => {
    const place = add({ type: 'end' })
    return () => {
      program[place] = complete(program.length)
    }
  }
  const split = (isLazy: boolean) => {
    const body = program.length + 1
    return later(next => ({ type: 'split', first: isLazy ? next : body, second: isLazy ? body : next }))
  }
  const write = (node: Node): void => {
    switch (node.type) {
      case 'code point':
        add({ type: 'code point', has: membership(node.source) })
        return
      case 'place': {
        const expression = new RegExp(node.source, 'vy')
        const isAt = (text: string, index: number) => {
          expression.lastIndex = index
          return expression.test(text)
        }
        add({ type: 'place', isAt })
        return
      }
      case 'sequence':
        node.items.forEach(write)
        return
      case 'alternatives': {
        const ends: (() => void)[] = []
        for (const item of node.items.slice(0, -1)) {
          const next = split(false)
          write(item)
          ends.push(later(to => ({ type: 'jump', to })))
          next()
        }
        write(node.items[node.items.length - 1])
        for (const end of ends) end()
        return
      }
      case 'repeat': {
        for (let times = 0; times < node.min; times++) write(node.item)
        if (node.max === Number.POSITIVE_INFINITY) {
          const begin = program.length
          const next = split(node.isLazy)
          write(node.item)
          add({ type: 'jump', to: begin })
          next()
          return
        }
        const ends: (() => void)[] = []
        for (let times = node.min; times < node.max; times++) {
          ends.push(split(node.isLazy))
          write(node.item)
        }
        for (const end of ends) end()
        return
      }
      default: {
        const begin = program.length + 1
        const next = later(place =>
          node.type === 'look'
            ? { type: 'look', begin, isNegative: node.isNegative, next: place }
            : { type: 'atomic', begin, next: place },
        )
        write(node.item)
        add({ type: 'end' })
        next()
      }
    }
  }
  write(root)
  add({ type: 'end' })
  return program
}

/** Whether a code point is in a set, asked of JavaScript once for each. */
function membership(source: string): (codePoint: number) => boolean {
  const expression = new RegExp(`^${source}$`, 'v')
  // of the first plane, by code point: 0 if not asked yet, 1 if not in the set, 2 if in it
  const known = new Uint8Array(2 ** 16)
  return codePoint => {
    if (known[codePoint] > 0) return known[codePoint] === 2
    const isIn = expression.test(String.fromCodePoint(codePoint))
    known[codePoint] = isIn ? 2 : 1
    return isIn
  }
}
