export type { Packing, StoredPart } from './packing'
export { readPacking } from './read-packing'
