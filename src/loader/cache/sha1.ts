import { BlockSum, rotated } from './block-sum'

const rotate = rotated

/** The state of nothing yet (FIPS 180-4, 5.3.1). */
const INITIAL = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
/** √2, √3, √5 and √10, of 20 rounds each (4.2.1). */
const K = Int32Array.from([2, 3, 5, 10], n => Math.sqrt(n) * 2 ** 30)

/** SHA-1 (FIPS 180-4), by which git names contents: against accidents, not against forgers. */
export class Sha1 extends BlockSum {
  constructor() {
    super(INITIAL, 80, compress)
  }
}

/** FIPS 180-4, 6.1.2. */
function compress(state: Int32Array, w: Int32Array): void {
  for (let t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 31)
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3]
  let e = state[4]
  for (let t = 0; t < 80; t++) {
    const phase = Math.floor(t / 20)
    const f = phase === 0 ? (b & c) ^ (~b & d) : phase === 2 ? (b & c) ^ (b & d) ^ (c & d) : b ^ c ^ d
    const next = (rotate(a, 27) + f + e + K[phase] + w[t]) | 0
    e = d
    d = c
    c = rotate(b, 2)
    b = a
    a = next
  }
  state[0] += a
  state[1] += b
  state[2] += c
  state[3] += d
  state[4] += e
}
