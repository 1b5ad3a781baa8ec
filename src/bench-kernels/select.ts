import type { CaseName, KernelCase } from './case'

/** Which cases are measured, as plain data. */
export interface Selection {
  /** Each must begin one of the words of a case's name. */
  readonly words: readonly string[]
  /** Exact names; undefined: any. */
  readonly kernels?: readonly string[]
  readonly shapes?: readonly string[]
  readonly formats?: readonly string[]
  readonly rows?: readonly number[]
  /** Undefined: what the engine takes. */
  readonly variants?: readonly string[]
  /** With every variant. */
  readonly all: boolean
}

/** Without any filter the usual cases; with one, all that it leaves. */
export function select(cases: readonly KernelCase[], selection: Selection): KernelCase[] {
  const { words, kernels, shapes, formats, rows, variants, all } = selection
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

/** `matmul qkv 960×576 f16 smollm2-135m, 16 rows, matmul-few:8` */
export function caseText({ kernel, part, format, model, rows, variant }: CaseName): string {
  return `${kernel} ${part} ${format} ${model}, ${rows} ${rows === 1 ? 'row' : 'rows'}, ${variant}`
}

function wordsOf({ kernel, part, format, model, variant }: CaseName): string[] {
  return [kernel, ...part.split(' '), format, model, variant]
}
