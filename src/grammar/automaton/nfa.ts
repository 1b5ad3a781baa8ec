import type { Budget } from '../limits'
import type { Expression, Members } from './expression'

/** An expression's automaton with silent steps (Thompson's). */
export class Nfa {
  /** [places] Triples (first symbol, last symbol, next place). */
  readonly edges: number[][] = []
  readonly start: number
  readonly end: number
  /** [places] Where a place goes on by itself. */
  readonly #silent: number[][] = []
  readonly #budget: Budget
  /** [places] The closure in which a place was seen last. */
  readonly #seen: number[] = []
  #closures = 0

  constructor(expression: Expression, budget: Budget) {
    this.#budget = budget
    this.start = this.#add()
    this.end = this.#write(expression, this.start)
  }

  /** The places that `places` go on to by themselves, those of them that matter: with edges, or the end. Ascending. */
  closure(places: readonly number[]): number[] {
    const mark = ++this.#closures
    const found: number[] = []
    const todo = [...places]
    for (let place = todo.pop(); place !== undefined; place = todo.pop()) {
      if (this.#seen[place] === mark) continue
      this.#seen[place] = mark
      if (this.edges[place].length > 0 || place === this.end) found.push(place)
      for (const next of this.#silent[place]) todo.push(next)
    }
    return found.sort((a, b) => a - b)
  }

  #add(): number {
    this.#budget.addState()
    this.#silent.push([])
    this.#seen.push(0)
    return this.edges.push([]) - 1
  }

  #edge(at: number, from: number, to: number, target: number): void {
    this.#budget.addEdges(1)
    this.edges[at].push(from, to, target)
  }

  #goOn(at: number, target: number): void {
    this.#budget.addEdges(1)
    this.#silent[at].push(target)
  }

  /** Writes an expression that begins at `at`; returns where it ends. */
  #write(expression: Expression, at: number): number {
    switch (expression.type) {
      case 'symbols': {
        const end = this.#add()
        this.#edge(at, expression.from, expression.to, end)
        return end
      }
      case 'sequence':
        return expression.items.reduce((place, item) => this.#write(item, place), at)
      case 'choice': {
        const end = this.#add()
        // a beginning of its own, lest a loop at the end of one item lead into another
        for (const item of expression.items) this.#goOn(this.#write(item, this.#after(at)), end)
        return end
      }
      case 'repeat':
        return this.#repeat(expression, at)
      case 'members':
        return this.#members(expression, at)
      case 'automaton': {
        const { states } = expression.automaton
        const first = this.edges.length
        for (let state = 0; state < states.length; state++) this.#add()
        const end = this.#add()
        this.#goOn(at, first)
        states.forEach(({ edges, isFinal }, state) => {
          for (let edge = 0; edge < edges.length; edge += 3) {
            this.#edge(first + state, edges[edge], edges[edge + 1], first + edges[edge + 2])
          }
          if (isFinal) this.#goOn(first + state, end)
        })
        return end
      }
    }
  }

  #repeat({ item, min, max }: Expression & { type: 'repeat' }, at: number): number {
    let place = at
    for (let times = 0; times < min; times++) place = this.#write(item, place)
    if (max === Number.POSITIVE_INFINITY) {
      const loop = this.#after(place)
      this.#goOn(this.#write(item, loop), loop)
      return this.#after(loop)
    }
    const end = this.#add()
    for (let times = min; times < max; times++) {
      this.#goOn(place, end)
      place = this.#write(item, this.#after(place))
    }
    this.#goOn(place, end)
    return end
  }

  /** Two ways beside each other: one on which no member stands yet, and one on which the next needs a separator. */
  #members({ members, other, separator }: Members, at: number): number {
    let none = at
    let some = this.#add()
    for (const { item, isRequired } of members) {
      const begin = this.#after(none)
      this.#goOn(this.#write(separator, some), begin)
      const after = this.#after(this.#write(item, begin))
      if (!isRequired) this.#goOn(some, after)
      none = isRequired ? this.#add() : this.#after(none)
      some = after
    }
    const end = this.#add()
    const begin = this.#after(none)
    const loop = this.#after(some)
    this.#goOn(this.#write(separator, loop), begin)
    this.#goOn(this.#write(other, begin), loop)
    this.#goOn(loop, end)
    this.#goOn(none, end)
    return end
  }

  #after(at: number): number {
    const place = this.#add()
    this.#goOn(at, place)
    return place
  }
}
