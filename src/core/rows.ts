/**
 * Rows of a matrix [rows, cols] as small integers with a scale for every `group` columns:
 * w[r][c] = (codes[r][c] − zeros[r][c / group]) · scales[r][c / group], rounded once, to f32.
 */
export interface QuantizedRows {
  readonly bits: 4 | 8
  /** Columns that share a scale; divides `cols`. */
  readonly group: 32 | 64 | 128
  /** [rows, cols]: 0 … 15 for 4 bits, 0 … 255 for 8. */
  readonly codes: Uint8Array<ArrayBuffer>
  /** [rows, cols / group], each finite; the formats keep them as f16. */
  readonly scales: Float32Array<ArrayBuffer>
  /** [rows, cols / group], as the scales; absent: 8 for 4 bits, 128 for 8. */
  readonly zeros?: Float32Array<ArrayBuffer>
}

/** Rows of a matrix: f32 [rows, cols], or integers with scales. */
export type Rows = Float32Array<ArrayBuffer> | QuantizedRows
