import type { Figure } from './figure'

/** A Markdown table with aligned columns: the first to the left, figures to the right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) => Math.max(3, ...[title, ...rows.map(row => row[column])].map(numChars)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

/** A figure as a text: the median, and how far the runs lie apart. */
export function spread({ median, min, max }: Figure, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`
}

/** A share as a text: `42%` for 0.42. */
export function percent(share: number): string {
  return `${Math.round(100 * share)}%`
}

/** A count as a text: `1,234`, or a dash for undefined. */
export function count(value: number | undefined): string {
  return value === undefined ? '–' : Math.round(value).toLocaleString('en')
}

function numChars(text: string): number {
  return [...text].length
}
