import { UnsupportedModel } from '../core/errors'
import { isJsonObject, type JsonObject } from '../core/json'

/** Most steps of a kind, each of which takes a pass over the text: published tokenizers have up to 11, in 2 levels. */
const MAX_STEPS = 64
const MAX_LEVELS = 8

/** The steps of a kind in a tokenizer.json, with Sequences as what they hold in its `field`; none for null. */
export function stepsOf(step: unknown, field: string): JsonObject[] {
  const steps: JsonObject[] = []
  const visit = (each: unknown, level: number): void => {
    if (!isJsonObject(each)) return
    if (level > MAX_LEVELS || steps.length >= MAX_STEPS) {
      throw new UnsupportedModel(
        `tokenizer.json has ${field} of more than ${MAX_STEPS} steps or ${MAX_LEVELS} levels, which we do not run.`,
      )
    }
    if (each.type !== 'Sequence') steps.push(each)
    else if (Array.isArray(each[field])) for (const inner of each[field]) visit(inner, level + 1)
  }
  visit(step, 1)
  return steps
}
