import type { CaseName, KernelCase } from './case'

/** A selection of the cases to measure, as plain data. */
export interface Selection {
  /** Words, each of which must begin one of those of a case's name. */
  readonly words: readonly string[]
  /** Exact names of kernels; undefined: any. Likewise below. */
  readonly kernels?: readonly string[]
  readonly shapes?: readonly string[]
  readonly formats?: readonly string[]
  readonly rows?: readonly number[]
  /** Variants; undefined: those that the engine takes. */
  readonly variants?: readonly string[]
  /** Whether every variant is measured. */
  readonly all: boolean
}

/**
 * The usual cases if there is no filter; with one, all that it leaves.
 * @throws an error that lists what is known, if a word or name fits no case
 */
export function select(cases: readonly KernelCase[], selection: Selection): KernelCase[] {
  const { words, kernels, shapes, formats, rows, variants, all } = selection
  checkNames(cases, selection)
  const isOpen = words.length === 0 && ![kernels, shapes, formats, rows, variants].some(Boolean)
  return cases.filter(each => {
    if (isOpen && !all) return each.isUsual && each.isChosen
    if (!(variants ? variants.includes(each.variant) : all || each.isChosen)) return false
    return (
      (kernels?.includes(each.kernel) ?? true) &&
      (shapes?.includes(each.model) ?? true) &&
      (formats?.includes(each.format) ?? true) &&
      (rows?.includes(each.rows) ?? true) &&
      words.every(word => wordsOf(each).some(other => other.startsWith(word)))
    )
  })
}

/** Checks that each word and name fits a case. @throws an error that lists what is known */
function checkNames(cases: readonly KernelCase[], { words, kernels, shapes, formats, variants }: Selection): void {
  const check = (what: string, asked: readonly string[] | undefined, namesOf: (each: KernelCase) => string[]) => {
    const names = [...new Set(cases.flatMap(namesOf))].sort()
    const isKnown = (word: string) => names.some(name => (what === 'word' ? name.startsWith(word) : name === word))
    const unknown = asked?.find(word => !isKnown(word))
    if (unknown !== undefined) throw new Error(`The ${what} ${unknown} is none of ${names.join(', ')}.`)
  }
  check('word', words, wordsOf)
  check('kernel', kernels, ({ kernel }) => [kernel])
  check('shape', shapes, ({ model }) => [model])
  check('format', formats, ({ format }) => [format])
  check('variant', variants, ({ variant }) => [variant])
}

/** The name of a case as a text: `matmul qkv 960×576 f16 smollm2-135m, 16 rows, matmul-few:8`. */
export function caseText({ kernel, part, format, model, rows, variant }: CaseName): string {
  return `${kernel} ${part} ${format} ${model}, ${rows} ${rows === 1 ? 'row' : 'rows'}, ${variant}`
}

function wordsOf({ kernel, part, format, model, variant }: CaseName): string[] {
  return [kernel, ...part.split(' '), format, model, variant]
}
