import type { Step } from '../gpu/step'

/**
 * Submits a step in parts of about equal work: to be called with the share of it that is recorded, each time that it can be cut. What comes
 * after the last share is a part too. Nothing is cut where all is one part.
 */
export function inParts(parts: number, step: Pick<Step, 'submitPart'>): ((share: number) => void) | undefined {
  if (parts === 1) return undefined
  let numCuts = 0
  return share => {
    const wanted = Math.floor(share * parts)
    if (wanted > numCuts) step.submitPart()
    numCuts = Math.max(numCuts, wanted)
  }
}
