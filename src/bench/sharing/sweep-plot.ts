import { plotSvg, type Series } from '../common/plot'
import type { ConfigurationName } from './configurations'
import type { Sweep } from './sweeps'
import type { WorkloadReport } from './workload-report'

export interface SweepPoint {
  readonly x: number
  readonly report: WorkloadReport
}

/** A plot of throughput over what the sweep varies, a line for each configuration. */
export function sweepPlot({ title, xLabel, isLogY, lines }: Sweep, points: readonly SweepPoint[]): string {
  const series = (name: ConfigurationName): Series => ({
    name,
    points: points.flatMap(({ x, report: { outcomes } }) => {
      const outcome = outcomes.find(({ configuration }) => configuration === name)
      return outcome ? [{ x, y: outcome.tokensPerSecond }] : []
    }),
  })
  const ceiling = { ...series('tree skip'), name: 'tree, no attention', isBound: true }
  return plotSvg({
    title,
    xLabel,
    isLogY,
    yLabel: 'generated tokens per second',
    series: [...lines.map(series), ceiling],
  })
}
