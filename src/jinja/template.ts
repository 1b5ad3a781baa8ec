import { Budget } from './budget'
import { compileBody, type Execute } from './compile-statement'
import { GLOBALS } from './globals'
import { parse } from './parse-statement'
import { Run } from './run'
import { Scope } from './scope'
import { withinStack } from './template-error'
import { needText } from './text'
import { toValue } from './to-value'
import { PyFunction, type Value } from './values'

/**
 * A Jinja template, as transformers' environment renders it: jinja2's immutable sandbox with `trim_blocks`,
 * `lstrip_blocks`, loop controls, `tojson`, `raise_exception`, `strftime_now` and the tag `generation`.
 * @throws TemplateError in parsing and in rendering
 */
export class Template {
  readonly #execute: Execute

  constructor(text: string) {
    this.#execute = withinStack(() => compileBody(parse(text), false))
  }

  /** The text that the template writes. @param strftime the text that its `strftime_now` gives for a format */
  render(variables: Readonly<Record<string, unknown>>, strftime: (format: string) => string): string {
    return withinStack(() => {
      const now = new PyFunction((_, args) => strftime(needText(args[0], 'format')))
      const names = new Map<string, Value>([...GLOBALS, ['strftime_now', now]])
      let given = 0
      const count = (characters: number) => {
        given += characters
      }
      for (const [name, value] of Object.entries(variables)) {
        if (value !== undefined) names.set(name, toValue(value, count))
      }
      const run = new Run(new Budget(given))
      this.#execute(run, new Scope(undefined, names))
      return run.out
    })
  }
}
