import { spread, table } from '../bench/table'
import { type Ceilings, type Floor, floorOf } from '../bench-kernels/ceilings'
import type { DecodeReport, MeasuredPoint } from './decode'
import { type StepCost, sum } from './step-cost'

const PHASES = ['schedule', 'plan', 'encode', 'submit', 'account', 'deliver', 'wait'] as const

/** What a step cannot be faster than. */
export function stepFloor(
  ceilings: Ceilings,
  work: { readonly bytes: number; readonly flops: number; readonly dispatches: number },
): Floor {
  return floorOf({ ...ceilings, dispatchMs: ceilings.dispatchMs * work.dispatches }, work, 1)
}

/** Rates beside their floors, and where the time of a step goes: on the CPU, and on the GPU where that was profiled. */
export function decodeText({ points, weightBytes, weights }: DecodeReport, ceilings: Ceilings): string {
  const [first] = points
  const rows = points.map(point => {
    const { tokensPerSecond, ms, step, profiled, bytes, flops } = point
    const floor = stepFloor(ceilings, { bytes, flops, dispatches: step.dispatches })
    const together = profiled && sum(Object.values(profiled.kernels))
    return [
      nameOf(point),
      spread(tokensPerSecond, 1),
      (tokensPerSecond.median / first.tokensPerSecond.median).toFixed(2),
      ms.median.toFixed(2),
      `${floor.ms.toFixed(2)} (${floor.bound})`,
      percent(floor.ms / ms.median),
      (bytes / ms.median / 1e6).toFixed(1),
      (flops / ms.median / 1e6).toFixed(1),
      together === undefined ? '–' : `${together.toFixed(2)} (${percent(together / ms.median)})`,
    ]
  })
  const header = ['sequences × context', 'tokens/s', '×', 'step, ms', 'floor, ms', 'floor ÷ step', 'GB/s', 'GFLOP/s']
  const { dispatches, uploadedBytes } = first.step
  return [
    `${(weights / 1e6).toFixed(1)} M weights per token, ${(weightBytes / 1e6).toFixed(1)} MB; ` +
      `${dispatches.toFixed(0)} dispatches and ${uploadedBytes.toFixed(0)} bytes uploaded in a step of the first row.`,
    table([...header, 'Σ kernels, ms (of step)'], rows),
    `The CPU in a step, µs (waiting is left over):`,
    table(['sequences × context', ...PHASES, 'but waiting'], points.map(phaseRow)),
    ...kernelTable(points),
  ].join('\n\n')
}

/**
 * By families, the longest first; what the kernels leave of the step are gaps. A profiled kernel has a pass of its own and
 * takes longer by that, so that there may be less than nothing left.
 */
function kernelTable(points: readonly MeasuredPoint[]): string[] {
  const steps = points.flatMap(({ profiled }) => (profiled ? [profiled] : []))
  if (steps.length < points.length) return []
  const { kernels: last } = steps[steps.length - 1]
  const names = [...new Set(steps.flatMap(({ kernels }) => Object.keys(kernels)))]
  names.sort((a, b) => (last[b] ?? 0) - (last[a] ?? 0))
  const row = (name: string, of: (step: StepCost, index: number) => number) => [
    name,
    ...steps.map((step, index) => of(step, index).toFixed(3)),
  ]
  return [
    'The GPU in a step, ms:',
    table(
      ['kernels', ...points.map(nameOf)],
      [
        ...names.map(name => row(name, ({ kernels }) => kernels[name] ?? 0)),
        row('gaps', ({ kernels }, index) => points[index].ms.median - sum(Object.values(kernels))),
        row('step', (_, index) => points[index].ms.median),
        row('profiled step', ({ ms }) => ms),
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

export function percent(share: number): string {
  return `${Math.round(100 * share)}%`
}
