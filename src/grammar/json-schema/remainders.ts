import type { Automaton, AutomatonState } from '../automaton/automaton'

/** The integers that a divisor divides, in decimal digits: a state for each remainder of the digits so far. */
export function remainders(divisor: number): Automaton {
  const digitEdges = (remainder: number) => {
    return Array.from({ length: 10 }, (_, digit) => [
      0x30 + digit,
      0x30 + digit,
      1 + ((remainder * 10 + digit) % divisor),
    ])
  }
  // the start may have a sign; after that, and before the first digit, the remainder is 0
  const start: AutomatonState = { isFinal: false, edges: [0x2d, 0x2d, 1, ...digitEdges(0).flat()] }
  const states = Array.from({ length: divisor }, (_, remainder) => {
    return { isFinal: remainder === 0, edges: digitEdges(remainder).flat() }
  })
  return { states: [start, ...states] }
}
