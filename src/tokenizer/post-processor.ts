import { UnsupportedModel } from '../core/errors'
import { type JsonObject, jsonObjects } from '../core/json'
import { stepsOf } from './steps'

/** The tokens that are added around a text, with the ids that the file gives them, if it does. */
export interface Surroundings {
  readonly before: readonly AddedAround[]
  readonly after: readonly AddedAround[]
}

export interface AddedAround {
  readonly token: string
  readonly id: number | undefined
}

/** Most tokens added to each text; published tokenizers add up to 4. */
const MAX_ADDED = 64

/** The tokens that the post-processor of a tokenizer.json adds. @throws UnsupportedModel for one that we cannot run */
export function readPostProcessor(json: unknown): Surroundings {
  const steps = stepsOf(json, 'processors').map(readStep)
  const before = steps.toReversed().flatMap(step => step.before)
  const after = steps.flatMap(step => step.after)
  if (before.length + after.length <= MAX_ADDED) return { before, after }
  throw tooMany(before.length + after.length)
}

function tooMany(numTokens: number): UnsupportedModel {
  return new UnsupportedModel(`tokenizer.json adds ${numTokens} tokens to every text, above the limit of ${MAX_ADDED}.`)
}

function readStep(step: JsonObject): Surroundings {
  switch (step.type) {
    case 'ByteLevel':
      return { before: [], after: [] }
    case 'TemplateProcessing':
      return template(step)
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { before: [pairOf(step.cls)], after: [pairOf(step.sep)] }
    default:
      throw new UnsupportedModel(`tokenizer.json cannot be run here: Unknown PostProcessor type: ${step.type}.`)
  }
}

/** Special tokens around the text, `Sequence` A. */
function template({ single, special_tokens: specials }: JsonObject): Surroundings {
  if (Array.isArray(single) && single.length > MAX_ADDED + 1) throw tooMany(single.length - 1)
  const parts = jsonObjects(single)
  const places = parts.flatMap((part, index) => ('Sequence' in part ? index : []))
  if (places.length !== 1) {
    throw new UnsupportedModel(
      `tokenizer.json has a template with ${places.length} places for the text; we run those with 1.`,
    )
  }
  const added = (part: JsonObject): AddedAround[] => {
    const [special] = jsonObjects([part.SpecialToken])
    const token = String(special?.id)
    const known = jsonObjects([specials])[0]?.[token]
    const [ids, tokens] = [jsonObjects([known])[0]?.ids, jsonObjects([known])[0]?.tokens]
    if (!Array.isArray(ids)) return [{ token, id: undefined }]
    if (ids.length > MAX_ADDED) throw tooMany(ids.length)
    return ids.map((id, index) => ({
      token: Array.isArray(tokens) ? String(tokens[index]) : token,
      id: Number(id),
    }))
  }
  return { before: parts.slice(0, places[0]).flatMap(added), after: parts.slice(places[0] + 1).flatMap(added) }
}

function pairOf(pair: unknown): AddedAround {
  const [token, id]: unknown[] = Array.isArray(pair) ? pair : []
  return { token: String(token), id: typeof id === 'number' ? id : undefined }
}
