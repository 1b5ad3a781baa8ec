/**
 * Byte-pair encoding (Sennrich et al., arXiv:1508.07909) learnt from `texts`, each a list of symbols: the pairs to
 * merge, most frequent first, of equals the one that comes first. Words are no bounds here, so that what a tokenizer
 * makes of a text depends on where it cuts.
 */
export function trainMerges(texts: readonly (readonly string[])[], numMerges: number): [string, string][] {
  let sequences = texts.map(text => [...text])
  const merges: [string, string][] = []
  while (merges.length < numMerges) {
    const best = mostFrequentPair(sequences)
    if (!best) break
    merges.push(best)
    sequences = sequences.map(symbols => merge(symbols, best))
  }
  return merges
}

function mostFrequentPair(sequences: readonly (readonly string[])[]): [string, string] | undefined {
  const pairs = new Map<string, { readonly pair: [string, string]; count: number }>()
  for (const symbols of sequences) {
    for (let i = 0; i + 1 < symbols.length; i++) {
      const pair: [string, string] = [symbols[i], symbols[i + 1]]
      const key = JSON.stringify(pair)
      const entry = pairs.get(key)
      if (entry) entry.count++
      else pairs.set(key, { pair, count: 1 })
    }
  }
  let best: { readonly pair: [string, string]; count: number } | undefined
  for (const entry of pairs.values()) if (entry.count > (best?.count ?? 1)) best = entry
  return best?.pair
}

function merge(symbols: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = []
  for (let i = 0; i < symbols.length; i++) {
    const matches = symbols[i] === left && symbols[i + 1] === right
    merged.push(matches ? left + right : symbols[i])
    if (matches) i++
  }
  return merged
}
