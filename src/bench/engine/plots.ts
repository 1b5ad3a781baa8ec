import { type Figure, figure } from '../common/figure'
import { plotSvg } from '../common/plot'
import type { Ceilings } from '../kernels/ceilings'
import type { DecodeReport, MeasuredPoint } from './decode'
import { stepFloor } from './decode-text'
import type { PrefillReport } from './prefill'
import type { MeasuredSection, Part } from './sections'

/** A plot of how a part grows, with the floors as bounds; undefined if it has a single point, or nothing to plot. */
export function partPlot(part: Part, sections: readonly MeasuredSection[], ceilings: Ceilings): string | undefined {
  const reports = sections.filter(section => section.part === part).map(({ report }) => report)
  const decodes = reports.filter(report => report.kind === 'decode')
  const [prefill] = reports.filter(report => report.kind === 'prefill')
  if (prefill && prefill.points.length > 1) return prefillPlot(prefill, ceilings)
  const points = decodes.flatMap(report => report.points.map(point => ({ point, report })))
  const axis = AXES[part]
  if (!axis || points.length < 2) return undefined
  const [title, xLabel, x] = axis
  // models differ in size and batch; else there is one line
  const batches = part === 'models' ? [...new Set(points.map(({ point }) => point.batch))] : [undefined]
  return plotSvg({
    title,
    xLabel,
    yLabel: 'tokens per second',
    isLogY: true,
    series: batches.flatMap(batch => {
      const own = points.filter(({ point }) => batch === undefined || point.batch === batch)
      const suffix = batch === undefined ? '' : `, batch ${batch}`
      return [
        {
          name: `measured${suffix}`,
          points: own.map(({ point, report }) => ({ x: x(point, report), y: point.tokensPerSecond })),
        },
        {
          name: `bound${suffix}`,
          isBound: true,
          points: own.map(({ point, report }) => ({ x: x(point, report), y: boundOf(point, ceilings) })),
        },
      ]
    }),
  })
}

type AxisOf = readonly [title: string, xLabel: string, x: (point: MeasuredPoint, report: DecodeReport) => number]

const AXES: Readonly<Partial<Record<Part, AxisOf>>> = {
  decode: ['Decoding together', 'sequences', ({ batch }) => batch],
  context: ['Decoding after a context of its own', 'tokens of context', ({ prompt }) => prompt],
  models: ['Decoding by models', 'million weights per token', (_, { weights }) => Math.round(weights / 1e6)],
}

function boundOf({ batch, bytes, flops, step }: MeasuredPoint, ceilings: Ceilings): Figure {
  return figure([(1000 * batch) / stepFloor(ceilings, { bytes, flops, dispatches: step.dispatches }).ms])
}

function prefillPlot({ points }: PrefillReport, ceilings: Ceilings): string {
  return plotSvg({
    title: 'A step of prompts',
    xLabel: 'tokens',
    yLabel: 'milliseconds',
    isLogY: true,
    series: [
      { name: 'measured', points: points.map(({ tokens, ms }) => ({ x: tokens, y: ms })) },
      {
        name: 'bound',
        isBound: true,
        points: points.map(point => ({ x: point.tokens, y: figure([stepFloor(ceilings, point).ms]) })),
      },
    ],
  })
}
