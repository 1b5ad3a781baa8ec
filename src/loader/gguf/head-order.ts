/** Whether a tensor's rows follow the order in which RoPE turns them, where GGUF has neighbours turn together: those of q and k. */
export function hasInterleavedHeads(name: string): boolean {
  return /\.attn_[qk]\.(weight|bias)$/.test(name)
}

/**
 * Brings whole heads of q or k from GGUF's order of rows to Hugging Face's. A rotation turns pairs of elements: in GGUF
 * elements 2 i and 2 i + 1 of a head, here (as in arXiv:2104.09864's later implementations) i and headDim / 2 + i.
 * `rows` and the result: [heads, headDim, rowBytes].
 */
export function splitHeadPairs(rows: Uint8Array, headDim: number, rowBytes: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(rows.length)
  const half = headDim / 2
  for (let head = 0; head < rows.length; head += headDim * rowBytes) {
    for (let row = 0; row < headDim; row++) {
      const from = head + (2 * (row % half) + Math.floor(row / half)) * rowBytes
      out.set(rows.subarray(from, from + rowBytes), head + row * rowBytes)
    }
  }
  return out
}
