import type { PlanOptions } from './interface'

/** A function that tells how many of a call's prompts are read, if these are more than it told last. `read`: a place for each. */
export function readProgress(
  { prompts, onProgress }: PlanOptions & { readonly prompts: readonly unknown[] },
  read: readonly unknown[],
): () => void {
  let told = 0
  return () => {
    if (read.length === told) return
    told = read.length
    onProgress?.({ done: told, of: prompts.length })
  }
}
