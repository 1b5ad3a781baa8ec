import { InvalidRequest } from '../../core/errors'
import { type Budget, MAX_RULES } from '../limits'
import { determinise } from './determinise'
import { CALLS, call, type Expression } from './expression'

/** The rules of a grammar that is being made: each is named when it is first called, and said later, so that rules may call each other. */
export class Rules {
  readonly #says: (() => Expression)[] = []
  readonly #byKey = new Map<string, number>()

  get size(): number {
    return this.#says.length
  }

  /** Calls the rule of this key, which says what `say` returns. */
  call(key: string, say: () => Expression): Expression {
    const known = this.#byKey.get(key)
    if (known !== undefined) return call(known)
    const rule = this.#says.push(say) - 1
    if (rule >= MAX_RULES) throw new InvalidRequest(`The grammar has more than ${MAX_RULES} rules.`)
    this.#byKey.set(key, rule)
    return call(rule)
  }

  /** The program that says what `start` says. @throws InvalidRequest for rules that nothing can be said by, or that begin with themselves */
  program(start: Expression, budget: Budget): Program {
    const automata = [determinise(start, budget)]
    // a rule may call others that nobody has called before
    for (const say of this.#says) automata.push(determinise(say(), budget))
    const nodes: ProgramNode[] = []
    const starts: number[] = []
    for (const { states } of automata) {
      const first = nodes.length
      starts.push(first)
      for (const { isFinal, edges } of states) {
        const node: MutableNode = { isFinal, bytes: [], calls: [] }
        for (let edge = 0; edge < edges.length; edge += 3) {
          const [from, to, target] = [edges[edge], edges[edge + 1], first + edges[edge + 2]]
          if (from < CALLS) node.bytes.push(from, Math.min(to, CALLS - 1), target)
          // of the automata the first is that of `start`
          for (let symbol = Math.max(from, CALLS); symbol <= to; symbol++) node.calls.push(symbol - CALLS + 1, target)
        }
        nodes.push(node)
      }
    }
    // by its node's index instead of its own
    for (const { calls } of nodes as MutableNode[]) {
      for (let at = 0; at < calls.length; at += 2) calls[at] = starts[calls[at]]
    }
    return trimmed(nodes)
  }
}

/** All rules' automata as one list of nodes; node 0 is where a text begins. Every node can get to an end. */
export type Program = readonly ProgramNode[]

export interface ProgramNode {
  /** Whether its rule may end here. */
  readonly isFinal: boolean
  /** Triples (first byte, last byte, next node). */
  readonly bytes: readonly number[]
  /** Pairs (node at which a called rule begins, node that goes on after it). */
  readonly calls: readonly number[]
}

type MutableNode = { isFinal: boolean; bytes: number[]; calls: number[] }

/** The nodes without the edges that lead to no end. */
function trimmed(nodes: readonly ProgramNode[]): Program {
  const before: number[][] = nodes.map(() => [])
  nodes.forEach(({ bytes, calls }, node) => {
    for (let at = 2; at < bytes.length; at += 3) before[bytes[at]].push(node)
    for (const target of calls) before[target].push(node)
  })
  const ends = nodes.map(() => false)
  const todo = [...nodes.keys()].filter(node => nodes[node].isFinal)
  for (const node of todo) ends[node] = true
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    for (const each of before[node]) {
      if (ends[each] || !hasEnd(nodes[each], ends)) continue
      ends[each] = true
      todo.push(each)
    }
  }
  if (!ends[0]) throw new InvalidRequest('The grammar admits nothing: no text, however long, satisfies it.')
  const program = nodes.map(({ isFinal, bytes, calls }) => ({
    isFinal,
    bytes: bytes.filter((_, at) => ends[bytes[at - (at % 3) + 2]]),
    calls: calls.filter((_, at) => ends[calls[at - (at % 2)]] && ends[calls[at - (at % 2) + 1]]),
  }))
  refuseLeftRecursion(program)
  return program
}

function hasEnd({ bytes, calls }: ProgramNode, ends: readonly boolean[]): boolean {
  for (let at = 2; at < bytes.length; at += 3) if (ends[bytes[at]]) return true
  for (let at = 0; at < calls.length; at += 2) if (ends[calls[at]] && ends[calls[at + 1]]) return true
  return false
}

/** A rule that calls itself before it has said anything would be called for ever. */
function refuseLeftRecursion(program: Program): void {
  const canBeEmpty = emptyRules(program)
  for (const start of startsOf(program)) {
    const reached = new Set([start])
    for (const node of reached) {
      const { calls } = program[node]
      for (let at = 0; at < calls.length; at += 2) {
        if (calls[at] === start) {
          throw new InvalidRequest(
            'A rule of the grammar begins with itself. Write what repeats after what comes first.',
          )
        }
        reached.add(calls[at])
        // what follows a call begins at once only if the called rule may say nothing
        if (canBeEmpty.has(calls[at])) reached.add(calls[at + 1])
      }
    }
  }
}

function startsOf(program: Program): ReadonlySet<number> {
  return new Set(program.flatMap(({ calls }) => calls.filter((_, at) => at % 2 === 0)))
}

/** The nodes at which rules begin that may say nothing. */
function emptyRules(program: Program): ReadonlySet<number> {
  const found = new Set<number>()
  const starts = startsOf(program)
  for (let size = -1; size < found.size; ) {
    size = found.size
    for (const start of starts) {
      const reached = new Set([start])
      for (const node of reached) {
        const { calls } = program[node]
        for (let at = 0; at < calls.length; at += 2) if (found.has(calls[at])) reached.add(calls[at + 1])
      }
      if ([...reached].some(node => program[node].isFinal)) found.add(start)
    }
  }
  return found
}
