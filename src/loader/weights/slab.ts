/** Rows of a tile in which matrices are packed (kernels/pack.ts): a slab starts where a tile does. */
const TILE_ROWS = 16

/** Rows of a tensor, and elements in each. A scalar or vector is one row; a row of others is everything under one first index. */
export function tensorSize(shape: readonly number[]): { totalRows: number; cols: number } {
  const numElements = shape.reduce((product, size) => product * size, 1)
  const totalRows = shape.length > 1 ? shape[0] : 1
  return { totalRows, cols: numElements / totalRows }
}

/** Rows in a slab: whole tiles and whole heads, of at most `maxElements` elements where that is possible. */
export function slabRows(cols: number, maxElements: number, headDim = 1): number {
  let unit = TILE_ROWS
  while (unit % headDim !== 0) unit += TILE_ROWS
  return Math.max(1, Math.floor(maxElements / (unit * cols))) * unit
}
