import { InvalidRequest } from '../../core/errors'
import { isJsonObject, type JsonObject } from '../../core/json'

/** Where in a schema something is: keywords and names from the root. */
export type Path = readonly string[]

/** The error of a schema that can't be served, in the words of OpenAI's. */
export function schemaError(path: Path, what: string): InvalidRequest {
  return new InvalidRequest(`Invalid schema: In context=(${path.map(each => `'${each}'`).join(', ')}), ${what}`)
}

/** The schema of a document. @throws InvalidRequest */
export function asSchema(value: unknown): JsonObject | boolean {
  if (typeof value === 'boolean' || isJsonObject(value)) return value
  throw schemaError([], 'the schema must be an object, true or false.')
}
