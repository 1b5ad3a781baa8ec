/** Tokens of a step, from one decode to a large prefill. */
export const ROWS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 256, 1024]
