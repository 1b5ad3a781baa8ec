import type { Budget } from '../limits'
import { type Automaton, type AutomatonState, addEdge } from './automaton'
import type { Expression } from './expression'
import { Nfa } from './nfa'

/** The automaton of an expression, by sets of states in which its text can be read (Rabin and Scott). */
export function determinise(expression: Expression, budget: Budget): Automaton {
  const nfa = new Nfa(expression, budget)
  const ids = new Map<string, number>()
  const sets: (readonly number[])[] = []
  /** [places] The set that a place alone leads to: most sets are of one. */
  const alone: (number | undefined)[] = []
  const idOf = (places: readonly number[]): number => {
    const [place] = places
    const known = places.length === 1 ? alone[place] : undefined
    if (known !== undefined) return known
    const set = nfa.closure(places)
    budget.addEdges(set.length)
    const key = set.join(' ')
    let id = ids.get(key)
    if (id === undefined) {
      budget.addState()
      id = sets.push(set) - 1
      ids.set(key, id)
    }
    if (places.length === 1) alone[place] = id
    return id
  }
  idOf([nfa.start])
  const states: AutomatonState[] = []
  for (let id = 0; id < sets.length; id++) {
    const edges: number[] = []
    for (const { from, to, targets } of cutEdges(sets[id].map(place => nfa.edges[place]))) {
      addEdge(edges, from, to, idOf(targets))
    }
    budget.addEdges(edges.length / 3)
    states.push({ isFinal: sets[id].includes(nfa.end), edges })
  }
  return { states }
}

interface CutEdge {
  readonly from: number
  readonly to: number
  readonly targets: number[]
}

/** The ranges of all edges, cut where others begin or end, in ascending order, each with all its targets. */
function cutEdges(lists: readonly (readonly number[])[]): CutEdge[] {
  const [only] = lists
  if (lists.length === 1 && areApart(only)) return wholeEdges(only)
  const starts = new Set<number>()
  for (const list of lists) {
    for (let edge = 0; edge < list.length; edge += 3) starts.add(list[edge]).add(list[edge + 1] + 1)
  }
  const cuts = [...starts].sort((a, b) => a - b)
  const places = new Map(cuts.map((cut, place) => [cut, place]))
  const ranges = cuts.slice(0, -1).map((from, place): CutEdge => ({ from, to: cuts[place + 1] - 1, targets: [] }))
  for (const list of lists) {
    for (let edge = 0; edge < list.length; edge += 3) {
      const end = places.get(list[edge + 1] + 1) ?? 0
      for (let place = places.get(list[edge]) ?? 0; place < end; place++) ranges[place].targets.push(list[edge + 2])
    }
  }
  return ranges.filter(({ targets }) => targets.length > 0)
}

function areApart(edges: readonly number[]): boolean {
  for (let edge = 3; edge < edges.length; edge += 3) if (edges[edge] <= edges[edge - 2]) return false
  return true
}

function wholeEdges(edges: readonly number[]): CutEdge[] {
  const whole: CutEdge[] = []
  for (let edge = 0; edge < edges.length; edge += 3) {
    whole.push({ from: edges[edge], to: edges[edge + 1], targets: [edges[edge + 2]] })
  }
  return whole
}
