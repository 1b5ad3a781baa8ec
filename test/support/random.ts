/** A small seeded generator (mulberry32), so that a failing test can be run again from its printed seed. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** An integer in [low, high). */
  int(low: number, high: number): number
  /** f32 values, uniform in [-scale, scale). */
  floats(length: number, scale?: number): Float32Array<ArrayBuffer>
}

export function random(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    int: (low, high) => low + Math.floor(next() * (high - low)),
    floats: (length, scale = 1) => Float32Array.from({ length }, () => (next() * 2 - 1) * scale),
  }
}
