import type { BatchResponse } from '../api/batch-response'

/** The line of the request that an answer is to: its id ends in it. NaN for what is no answer. */
export function lineOf({ id }: Pick<BatchResponse, 'id'>): number {
  return typeof id === 'string' ? Number(/_(\d+)$/.exec(id)?.[1]) : Number.NaN
}
