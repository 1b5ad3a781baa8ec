/** Element types that weights may have; all little-endian. */
export type Dtype = 'F32' | 'F16' | 'BF16'

export const DTYPE_BYTES: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 }

/** Bytes of each element type that safetensors have: of weights, of the parts of quantised matrices, and of masks, ids and counters. */
export const STORED_BYTES = {
  ...{ F32: 4, F16: 2, BF16: 2, F8_E4M3: 1, F8_E5M2: 1, BOOL: 1 },
  ...{ U8: 1, I8: 1, U16: 2, I16: 2, U32: 4, I32: 4, U64: 8, I64: 8 },
}

export type StoredDtype = keyof typeof STORED_BYTES
