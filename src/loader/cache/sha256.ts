import { BlockSum, rotated } from './block-sum'

const rotate = rotated

/** The first 32 bits of the fractional parts of the first 64 primes’ cube roots, one for each round (FIPS 180-4, 4.2.2). */
const K = new Int32Array(64)
/** The state of nothing yet: the same of the first 8 primes’ square roots (5.3.3). */
const INITIAL = new Int32Array(8)

for (let candidate = 2, n = 0; n < 64; candidate++) {
  let divisor = 2
  while (candidate % divisor !== 0) divisor++
  if (divisor < candidate) continue
  if (n < 8) INITIAL[n] = (Math.sqrt(candidate) % 1) * 2 ** 32
  K[n++] = (Math.cbrt(candidate) % 1) * 2 ** 32
}

/** SHA-256 (FIPS 180-4). */
export class Sha256 extends BlockSum {
  constructor() {
    super(INITIAL, 64, compress)
  }
}

/** FIPS 180-4, 6.2.2. */
function compress(state: Int32Array, w: Int32Array): void {
  for (let t = 16; t < 64; t++) {
    const [x, y] = [w[t - 15], w[t - 2]]
    const sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)
    const sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10)
    w[t] = w[t - 16] + sigma0 + w[t - 7] + sigma1
  }
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3]
  let e = state[4]
  let f = state[5]
  let g = state[6]
  let h = state[7]
  for (let t = 0; t < 64; t++) {
    const choice = (e & f) ^ (~e & g)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + K[t] + w[t]) | 0
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] += a
  state[1] += b
  state[2] += c
  state[3] += d
  state[4] += e
  state[5] += f
  state[6] += g
  state[7] += h
}
