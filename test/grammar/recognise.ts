import type { StructuredOutputs } from '../../src/core/structured-outputs'
import { compileProgram } from '../../src/grammar/compile-grammar'
import { type State, States } from '../../src/grammar/mask/readings'

/** Says of a text whether the grammar admits it. */
export function recogniser(spec: StructuredOutputs): (text: string) => boolean {
  const states = new States(compileProgram(spec), () => undefined)
  return text => {
    let state: State | null = states.at(0)
    for (const byte of new TextEncoder().encode(text)) {
      state = states.step(state, byte)
      if (!state) return false
    }
    return state.canEnd
  }
}
