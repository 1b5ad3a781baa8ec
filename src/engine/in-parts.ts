/**
 * Divides work into `parts`: called with the share of it that is done, each time that it can be cut, it calls `cut` where a part ends. What comes
 * after the last share is a part's too, so there is a cut there, but none where all is one part.
 */
export function inParts(parts: number, cut: () => void): ((share: number) => void) | undefined {
  if (parts === 1) return undefined
  let numCuts = 0
  return share => {
    const wanted = Math.floor(share * parts)
    if (wanted > numCuts) cut()
    numCuts = Math.max(numCuts, wanted)
  }
}
