import type { Environment } from '../common/environment'
import { percent, spread, table } from '../common/table'
import type { Ceilings } from './ceilings'
import type { Comparison, Failure, KernelRun, Measured } from './run'
import { caseText } from './select'

/** A whole benchmark of the kernels, as plain data. */
export interface KernelReport extends KernelRun {
  readonly environment: Omit<Environment, 'model'>
}

/** The report as Markdown that reads well in a terminal too. */
export function kernelReportText({ environment, ...run }: KernelReport): string {
  const { date, runtime, host, flags } = environment
  const setUp = [
    `- ${date}, ${host}`,
    `- ${runtime}; adapter ${run.adapter}`,
    `- \`npm run bench:kernels -- ${flags}\``,
  ].join('\n')
  const parts = ['# Coppice kernels', setUp, '## Ceilings', ceilingsText(run.ceilings)]
  const kernels = [...new Set(run.measured.map(({ kernel }) => kernel))]
  for (const kernel of kernels) {
    parts.push(`## ${kernel}`, measuredTable(run.measured.filter(each => each.kernel === kernel)))
  }
  if (run.comparisons.length > 0) parts.push('## Two variants in turn', comparisonTable(run.comparisons))
  if (run.failures.length > 0)
    parts.push('## Wrong', run.failures.map(failure => `- ${failureText(failure)}`).join('\n'))
  return parts.join('\n\n')
}

export function ceilingsText({ copy, flopsPerSecond, chains, dispatchMs }: Ceilings): string {
  const rates = copy.map(
    ({ bytes, bytesPerSecond }) => `${(bytesPerSecond / 1e9).toFixed(1)} of ${bytes / 2 ** 20} MiB`,
  )
  return [
    `- copy, GB/s read and written: ${rates.join(', ')}`,
    `- FMA in f32, registers only: ${(flopsPerSecond / 1e9).toFixed(1)} GFLOP/s, with ${chains} chains of vec4f`,
    `- a dispatch: ${(1000 * dispatchMs).toFixed(1)} µs`,
  ].join('\n')
}

export function measuredText(each: Measured): string {
  const { ms, floor } = each
  const [memory, arithmetic] = rates(each)
  return (
    `${caseText(each)}: ${milliseconds(ms.median)} ms (${milliseconds(ms.min)}–${milliseconds(ms.max)}), ` +
    `${memory} GB/s, ${arithmetic} GFLOP/s; floor ${milliseconds(floor.ms)} (${floor.bound}), ${percent(floor.ms / ms.median)} of the time`
  )
}

export function comparisonText(each: Comparison): string {
  const [a, b] = each.variants
  return `${caseText({ ...each, variant: `${a} over ${b}` })}: × ${spread(each.ratio, 3)}`
}

export function failureText(failure: Failure): string {
  return `${caseText(failure)}: ${failure.message}`
}

function measuredTable(measured: readonly Measured[]): string {
  const rows = measured.map(each => {
    const { part, format, model, rows, variant, ms, floor } = each
    return [
      `${model} ${part}`,
      format,
      variant,
      String(rows),
      `${milliseconds(ms.median)} (${milliseconds(ms.min)}–${milliseconds(ms.max)})`,
      milliseconds(floor.ms),
      floor.bound,
      percent(floor.ms / ms.median),
      ...rates(each),
    ]
  })
  const header = [
    'shape',
    'format',
    'variant',
    'rows',
    'ms',
    'floor',
    'bound',
    'floor ÷ ms',
    'GB/s (of copy)',
    'GFLOP/s (of FMA)',
  ]
  return table(header, rows)
}

function comparisonTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ kernel, part, format, model, rows, variants: [a, b], ratio }) => {
    return [`${kernel}, ${model} ${part}`, format, String(rows), `${a} ÷ ${b}`, spread(ratio, 3)]
  })
  return table(['shape', 'format', 'rows', 'variants', 'time'], rows)
}

/** Texts of GB/s and GFLOP/s, each with its part of the ceiling. */
function rates({ bytes, flops, ms, ofCopy, ofFma }: Measured): [string, string] {
  const rate = (amount: number, share: number) => `${(amount / ms.median / 1e6).toFixed(1)} (${percent(share)})`
  return [rate(bytes, ofCopy), rate(flops, ofFma)]
}

/** A time as a text of three digits. */
function milliseconds(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3)
}
