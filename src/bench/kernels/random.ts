/** Numbers uniform in [-1, 1), the same for the same seed (a linear congruential generator, its high bits), times `scale`. */
export function randomFloats(length: number, seed: number, scale = 1): Float32Array<ArrayBuffer> {
  let state = seed >>> 0
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state / 2 ** 31 - 1) * scale
  })
}

/** An array that holds `period` over and over. */
export function repeated(period: Float32Array<ArrayBuffer>, length: number): Float32Array<ArrayBuffer> {
  const all = new Float32Array(length)
  for (let at = 0; at < length; at += period.length) all.set(period.subarray(0, length - at), at)
  return all
}
