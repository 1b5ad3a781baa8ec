/** The sampler's kernels again, plainly and in f64. */
import type { DrawRow } from '../../src/kernels/draw-row'
import type { LogitEdit } from '../../src/kernels/edit-logits'

/** A record with everything off: greedy, no log-probabilities. */
export const GREEDY: DrawRow = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 0,
  position: 0,
  numLogprobs: -1,
  slot: 0,
  result: 0,
  repetition: 1,
  presence: 0,
  frequency: 0,
  mask: 0,
  scored: 0,
}

/** The bits of `ids`. */
export function maskOf(ids: readonly number[], vocabSize: number): Uint32Array {
  const mask = new Uint32Array(Math.ceil(vocabSize / 32))
  for (const id of ids) mask[id >>> 5] |= 1 << (id & 31)
  return mask
}

/** Threefry-2x32, 20 rounds, straight from the paper's figure. */
export function threefry(key: readonly [number, number], counter: readonly [number, number]): [number, number] {
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24]
  const keys = [key[0], key[1], (key[0] ^ key[1] ^ 0x1bd11bda) >>> 0]
  let [a, b] = [(counter[0] + keys[0]) >>> 0, (counter[1] + keys[1]) >>> 0]
  for (let round = 0; round < 20; round++) {
    const bits = rotations[round % 8]
    a = (a + b) >>> 0
    b = (((b << bits) | (b >>> (32 - bits))) ^ a) >>> 0
    if (round % 4 === 3) {
      const injection = (round + 1) / 4
      a = (a + keys[injection % 3]) >>> 0
      b = (b + keys[(injection + 1) % 3] + injection) >>> 0
    }
  }
  return [a, b]
}

/** The Gumbel variate of a token's draw. */
export function gumbel(seed: number, position: number, tokenId: number): number {
  const v = (threefry([seed, position], [tokenId, 0])[0] + 0.5) / 2 ** 32
  return -Math.log(-Math.log1p(-v))
}

/** Token ids by falling logit, then rising id. */
export function ranking(logits: ArrayLike<number>): number[] {
  const ids = Array.from(logits, (_, id) => id).filter(id => Number.isFinite(logits[id]))
  return ids.sort((a, b) => logits[b] - logits[a] || a - b)
}

/** Tokens that truncation keeps, best first: min-p, of those top-k, of those top-p; ties at a cut stay. */
export function keptTokens(logits: ArrayLike<number>, { temperature, topK, topP, minP }: DrawRow): number[] {
  let kept = ranking(logits)
  const weight = (id: number) => Math.exp((logits[id] - logits[kept[0]]) / temperature)
  const cutAfter = (count: number) => {
    const last = logits[kept[Math.max(count, 1) - 1]]
    kept = kept.filter(id => logits[id] >= last)
  }
  if (minP > 0) cutAfter(kept.filter(id => weight(id) >= minP).length)
  if (topK > 0 && topK < kept.length) cutAfter(topK)
  if (topP < 1) {
    const mass = kept.reduce((sum, id) => sum + weight(id), 0)
    let [sum, count] = [0, 0]
    while (count < kept.length && sum < topP * mass) sum += weight(kept[count++])
    cutAfter(count)
  }
  return kept
}

/** Score of each kept token: the greatest is drawn. */
export function scores(logits: ArrayLike<number>, row: DrawRow): Map<number, number> {
  const { temperature, seed, position } = row
  return new Map(
    keptTokens(logits, row).map(id => [id, logits[id] / temperature + gumbel(seed, position, id)] as const),
  )
}

/** Natural log-probability of each token. */
export function logSoftmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits)
  const max = values.reduce((a, b) => Math.max(a, b))
  const normaliser = Math.log(values.reduce((sum, value) => sum + Math.exp(value - max), 0))
  return values.map(value => value - max - normaliser)
}

export function editedLogit(logit: number, { count, isInPrompt, bias }: LogitEdit, row: DrawRow): number {
  const { repetition, presence, frequency } = row
  let edited = logit
  if (count > 0 || isInPrompt) edited = logit > 0 ? logit / repetition : logit * repetition
  edited -= count * frequency + (count > 0 ? presence : 0)
  return edited + bias
}
