/** Element types that weights may have; all little-endian. */
export type Dtype = 'F32' | 'F16' | 'BF16'

export const DTYPE_BYTES: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 }
