import type { Figure } from '../common/figure'
import { percent, spread, table } from '../common/table'
import { type Ceilings, type Floor, floorOf } from '../kernels/ceilings'
import type { DecodeReport, MeasuredPoint } from './decode'

const PHASES = ['schedule', 'plan', 'encode', 'submit', 'account', 'deliver', 'wait'] as const

/** The time than which a step cannot be faster. */
export function stepFloor(
  ceilings: Ceilings,
  work: { readonly bytes: number; readonly flops: number; readonly dispatches: number },
): Floor {
  return floorOf({ ...ceilings, dispatchMs: ceilings.dispatchMs * work.dispatches }, work, 1)
}

/** Rates beside their floors, and where the time of a step goes: on the CPU, and in kernels where they were timed. */
export function decodeText({ points, weightBytes, weights }: DecodeReport, ceilings: Ceilings): string {
  const [first] = points
  const rows = points.map(point => {
    const { tokensPerSecond, ms, step, kernels, bytes, flops } = point
    const floor = stepFloor(ceilings, { bytes, flops, dispatches: step.dispatches })
    return [
      nameOf(point),
      spread(tokensPerSecond, 1),
      (tokensPerSecond.median / first.tokensPerSecond.median).toFixed(2),
      ms.median.toFixed(2),
      `${floor.ms.toFixed(2)} (${floor.bound})`,
      percent(floor.ms / ms.median),
      (bytes / ms.median / 1e6).toFixed(1),
      (flops / ms.median / 1e6).toFixed(1),
      kernels ? spread(kernels.ms, 2) : '–',
      kernels ? percents(kernels.ofStep) : '–',
    ]
  })
  const header = ['sequences × context', 'tokens/s', '×', 'step, ms', 'floor, ms', 'floor ÷ step', 'GB/s', 'GFLOP/s']
  const { dispatches, uploadedBytes } = first.step
  return [
    `${(weights / 1e6).toFixed(1)} M weights per token, ${(weightBytes / 1e6).toFixed(1)} MB; ` +
      `${dispatches.toFixed(0)} dispatches and ${uploadedBytes.toFixed(0)} bytes uploaded in a step of the first row.`,
    table([...header, 'Σ kernels, ms', 'Σ ÷ step, %'], rows),
    `The CPU in a step, µs (waiting is left over):`,
    table(['sequences × context', ...PHASES, 'but waiting'], points.map(phaseRow)),
    ...kernelTable(points),
  ].join('\n\n')
}

/** A table of kernels by families, the longest first: each dispatch by itself, their sum, all in order, and the engine's own step. */
function kernelTable(points: readonly MeasuredPoint[]): string[] {
  const measured = points.flatMap(({ kernels }) => (kernels ? [kernels] : []))
  if (measured.length < points.length) return []
  const { families: last } = measured[measured.length - 1]
  const names = [...new Set(measured.flatMap(({ families }) => Object.keys(families)))]
  names.sort((a, b) => (last[b] ?? 0) - (last[a] ?? 0))
  return [
    'The kernels of a step, each by itself, ms:',
    table(
      ['kernels', ...points.map(nameOf)],
      [
        ...names.map(name => [name, ...measured.map(({ families }) => (families[name] ?? 0).toFixed(3))]),
        ['Σ kernels', ...measured.map(({ ms }) => spread(ms, 3))],
        ['in their order, one pass', ...measured.map(({ replayed }) => spread(replayed, 3))],
        ['step', ...points.map(({ ms }) => spread(ms, 3))],
      ],
    ),
  ]
}

function phaseRow(point: MeasuredPoint): string[] {
  const { ms, phases } = point.step
  const times = PHASES.map(phase => (1000 * phases[phase]).toFixed(0))
  return [nameOf(point), ...times, percent((ms - phases.wait) / ms)]
}

function nameOf({ batch, prompt }: Pick<MeasuredPoint, 'batch' | 'prompt'>): string {
  return `${batch} × ${prompt}`
}

function percents({ median, min, max }: Figure): string {
  return spread({ median: 100 * median, min: 100 * min, max: 100 * max }, 0)
}
