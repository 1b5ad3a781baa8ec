import type { Budget } from '../limits'

/** A deterministic automaton over symbols; state 0 is the start. */
export interface Automaton {
  readonly states: readonly AutomatonState[]
}

export interface AutomatonState {
  readonly isFinal: boolean
  /** Triples (first symbol, last symbol, next state), in ascending order and apart. */
  readonly edges: readonly number[]
}

/** Where no word can go on. */
const DEAD = -1

/** Words that both accept. */
export function intersection(a: Automaton, b: Automaton, budget: Budget): Automaton {
  return product(a, b, budget, true, (inA, inB) => inA && inB)
}

/** Words that `a` accepts and `b` does not. */
export function difference(a: Automaton, b: Automaton, budget: Budget): Automaton {
  return product(a, b, budget, false, (inA, inB) => inA && !inB)
}

/** The same words with as few states as possible (Moore's refinement); for small automata that are written out often. */
export function minimised({ states }: Automaton): Automaton {
  let classes = states.map(({ isFinal }) => Number(isFinal))
  for (let numClasses = 0; ; ) {
    const ids = new Map<string, number>()
    classes = states.map(({ edges }, state) => {
      const key = `${classes[state]} ${joinedEdges(edges, classes)}`
      const id = ids.get(key) ?? ids.size
      ids.set(key, id)
      return id
    })
    if (ids.size === numClasses) break
    numClasses = ids.size
  }
  // the start is of the first class
  const merged: AutomatonState[] = []
  states.forEach(({ isFinal, edges }, state) => {
    merged[classes[state]] ??= { isFinal, edges: joinedEdges(edges, classes) }
  })
  return { states: merged }
}

/** A state's edges to the classes of states, neighbours to the same class as one. */
function joinedEdges(edges: readonly number[], classes: readonly number[]): number[] {
  const joined: number[] = []
  for (let edge = 0; edge < edges.length; edge += 3) {
    addEdge(joined, edges[edge], edges[edge + 1], classes[edges[edge + 2]])
  }
  return joined
}

/** Adds an edge behind the others; as one with the last, if it goes on where that ends, to the same. */
export function addEdge(edges: number[], from: number, to: number, target: number): void {
  const last = edges.length - 3
  if (last >= 0 && edges[last + 2] === target && edges[last + 1] === from - 1) edges[last + 1] = to
  else edges.push(from, to, target)
}

/** Whether there is no word. */
export function isEmpty({ states }: Automaton): boolean {
  const seen = new Set([0])
  for (const state of seen) {
    if (states[state].isFinal) return false
    const { edges } = states[state]
    for (let edge = 2; edge < edges.length; edge += 3) seen.add(edges[edge])
  }
  return true
}

/** Whether a word, of bytes, is accepted. */
export function accepts({ states }: Automaton, word: Iterable<number>): boolean {
  let state = 0
  for (const symbol of word) {
    state = next(states[state], symbol)
    if (state === DEAD) return false
  }
  return states[state].isFinal
}

function next({ edges }: AutomatonState, symbol: number): number {
  for (let edge = 0; edge < edges.length; edge += 3) {
    if (symbol <= edges[edge + 1]) return symbol >= edges[edge] ? edges[edge + 2] : DEAD
  }
  return DEAD
}

function product(
  a: Automaton,
  b: Automaton,
  budget: Budget,
  needsB: boolean,
  isFinal: (inA: boolean, inB: boolean) => boolean,
): Automaton {
  const ids = new Map<number, number>()
  const pairs: [number, number][] = []
  const idOf = (inA: number, inB: number): number => {
    const key = inA * (b.states.length + 1) + inB + 1
    const known = ids.get(key)
    if (known !== undefined) return known
    budget.addState()
    ids.set(key, pairs.length)
    return pairs.push([inA, inB]) - 1
  }
  idOf(0, 0)
  const states: AutomatonState[] = []
  for (let id = 0; id < pairs.length; id++) {
    const [inA, inB] = pairs[id]
    const other = inB === DEAD ? { isFinal: false, edges: [] } : b.states[inB]
    const edges: number[] = []
    for (const [from, to, nextA, nextB] of overlaps(a.states[inA].edges, other.edges)) {
      if (needsB && nextB === DEAD) continue
      edges.push(from, to, idOf(nextA, nextB))
    }
    budget.addEdges(edges.length / 3)
    states.push({ isFinal: isFinal(a.states[inA].isFinal, other.isFinal), edges })
  }
  return { states }
}

/** The ranges of `a`, cut where those of `b` begin and end: first, last, and where each leads in both. */
function* overlaps(a: readonly number[], b: readonly number[]): Generator<[number, number, number, number]> {
  let inB = 0
  for (let edge = 0; edge < a.length; edge += 3) {
    let from = a[edge]
    const to = a[edge + 1]
    while (from <= to) {
      while (inB < b.length && b[inB + 1] < from) inB += 3
      const begins = inB < b.length ? b[inB] : Number.POSITIVE_INFINITY
      const end = begins > from ? Math.min(to, begins - 1) : Math.min(to, b[inB + 1])
      yield [from, end, a[edge + 2], begins > from ? DEAD : b[inB + 2]]
      from = end + 1
    }
  }
}
