import type { Environment } from '../common/environment'
import { percent, spread, table } from '../common/table'
import type { Ceilings } from '../kernels/ceilings'
import { ceilingsText } from '../kernels/report'
import { decodeText, stepFloor } from './decode-text'
import type { LatencyReport } from './latency'
import type { PrefillReport } from './prefill'
import type { MeasuredSection } from './sections'
import { fitLine } from './statistics'

/** A whole benchmark of the engine, as plain data. */
export interface EngineReport {
  readonly environment: Environment
  readonly adapter: string
  readonly ceilings: Ceilings
  readonly sections: readonly MeasuredSection[]
}

/** The report as Markdown that reads well in a terminal too. */
export function engineReportText({ environment, adapter, ceilings, sections }: EngineReport): string {
  const { date, runtime, host, model, flags } = environment
  const setUp = [
    `- ${date}, ${host}`,
    `- ${runtime}; adapter ${adapter}`,
    `- model ${model}`,
    `- \`npm run bench:engine -- ${flags}\``,
  ].join('\n')
  const parts = sections.map(section => sectionText(section, ceilings))
  return ['# Coppice engine', setUp, '## Ceilings', ceilingsText(ceilings), ...parts].join('\n\n')
}

export function sectionText({ part, title, report }: MeasuredSection, ceilings: Ceilings): string {
  switch (report.kind) {
    case 'ceilings':
      return `## ${title}\n\n${ceilingsText(report.ceilings)}`
    case 'latency':
      return `## ${title}\n\n${latencyText(report, ceilings)}`
    case 'decode': {
      const fit =
        part === 'context' ? [fitText(report.points.map(({ prompt, ms }) => ({ x: prompt, y: ms.median })))] : []
      return [`## ${title}`, decodeText(report, ceilings), ...fit].join('\n\n')
    }
    case 'prefill':
      return `## ${title}\n\n${prefillText(report, ceilings)}`
  }
}

function latencyText(
  { loadMs, loadToTokenMs, weightBytes, first, between }: LatencyReport,
  ceilings: Ceilings,
): string {
  const firstRows = first.map(({ prompt, ms, ...work }) => {
    const floor = stepFloor(ceilings, { ...work, dispatches: 0 })
    return [
      String(prompt),
      spread(ms, 1),
      `${floor.ms.toFixed(1)} (${floor.bound})`,
      percent(floor.ms / ms.median),
      ((1000 * prompt) / ms.median).toFixed(0),
    ]
  })
  const betweenRows = between.map(({ batch, gaps, p50, p99 }) => [
    String(batch),
    p50.toFixed(2),
    p99.toFixed(2),
    String(gaps),
  ])
  return [
    `${(weightBytes / 1e6).toFixed(1)} MB of weights: an engine after ${loadMs.toFixed(0)} ms, its first token ` +
      `(prompt of 16) after ${loadToTokenMs.toFixed(0)}, nothing compiled before.`,
    table(['prompt', 'first token, ms', 'floor, ms', 'floor ÷ time', 'prompt tokens/s'], firstRows),
    'Between one token of a stream and the next:',
    table(['streams', 'p50, ms', 'p99, ms', 'gaps'], betweenRows),
  ].join('\n\n')
}

function prefillText({ points }: PrefillReport, ceilings: Ceilings): string {
  const rows = points.map(({ tokens, ms, ...work }) => {
    const floor = stepFloor(ceilings, work)
    return [
      String(tokens),
      spread(ms, 2),
      ((1000 * tokens) / ms.median).toFixed(0),
      `${floor.ms.toFixed(2)} (${floor.bound})`,
      percent(floor.ms / ms.median),
      (work.flops / ms.median / 1e6).toFixed(1),
    ]
  })
  return [
    table(['tokens', 'step, ms', 'tokens/s', 'floor, ms', 'floor ÷ step', 'GFLOP/s'], rows),
    fitText(points.map(({ tokens, ms }) => ({ x: tokens, y: ms.median }))),
  ].join('\n\n')
}

/** The line through `points`, tokens and milliseconds, in words. */
function fitText(points: readonly { readonly x: number; readonly y: number }[]): string {
  const { slope, intercept, explained } = fitLine(points)
  return `Fit: ${intercept.toFixed(2)} ms + ${(1000 * slope).toFixed(1)} µs a token, R² ${explained.toFixed(4)}.`
}
