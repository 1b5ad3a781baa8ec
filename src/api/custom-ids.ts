import { InvalidRequest } from '../core/errors'
import { shownJson } from '../core/shown'

/** The names of a job's lines, by which their answers are told apart. */
export class CustomIds {
  readonly #lineOf = new Map<string, number>()

  /** Notes the name that a line gives itself; the error of the line if an earlier one has the same. May be asked again. */
  give(id: string | undefined, line: number): InvalidRequest | undefined {
    if (id === undefined) return undefined
    const first = this.#lineOf.get(id)
    if (first !== undefined && first !== line) {
      return new InvalidRequest(`Line ${line}: \`custom_id\` is ${shownJson(id)}, as in line ${first} already.`)
    }
    this.#lineOf.set(id, line)
    return undefined
  }

  /** A name for a line that gives none. All given names must be known, since it is none of them. */
  generate(line: number): string {
    let id = `request-${line}`
    for (let n = 2; this.#lineOf.has(id); n++) id = `request-${line}-${n}`
    this.#lineOf.set(id, line)
    return id
  }
}
