import { figure } from '../common/figure'
import { spread, table } from '../common/table'
import { ENGINES, type EngineName, STRATEGIES } from './engines'
import type { CountedRun } from './main'
import { TASKS, type TaskName } from './tasks'

/** All that was measured, as plain data. */
export interface PeersReport {
  readonly environment: {
    /** Date of the measurement, ISO 8601. */
    readonly date: string
    readonly host: string
    readonly browser: string
    readonly adapter: string
    readonly hasHalf: boolean
    /** Versions by package. */
    readonly versions: Readonly<Record<string, string>>
    readonly flags: string
    /** Prompts of a batch that were computed where prompts are computed one by one. */
    readonly atMost: number
    readonly seconds: number
  }
  readonly engines: readonly EngineResult[]
}

export interface EngineResult {
  readonly name: EngineName
  /** Milliseconds of loading, `[rounds]`. */
  readonly loadMs: readonly number[]
  readonly runs: Readonly<Partial<Record<TaskName, readonly CountedRun[]>>>
  /** The reason why it has no or fewer runs. */
  readonly failure?: string
}

/** Metrics of a run, of which more is better. */
const METRICS = {
  'prefill tok/s': { task: 'single', of: ({ firstMs }) => (1000 * TASKS.single.own) / firstMs },
  'decode tok/s': { task: 'single', of: ({ ms, firstMs }) => (1000 * (TASKS.single.out - 1)) / (ms - firstMs) },
  'A tok/s': { task: 'A', of: ({ ms }) => (1000 * TASKS.A.prompts * TASKS.A.out) / ms },
  'B tok/s': { task: 'B', of: ({ ms }) => (1000 * TASKS.B.prompts * TASKS.B.out) / ms },
} as const satisfies Readonly<Record<string, { task: TaskName; of: (run: CountedRun) => number }>>

type Metric = keyof typeof METRICS

/** The report as Markdown that reads well in a terminal too. */
export function peersText({ environment, engines }: PeersReport): string {
  const { date, host, browser, adapter, hasHalf, versions, flags, atMost, seconds } = environment
  const setUp = [
    `- ${date}, ${host}; ${seconds.toFixed(0)} s for all`,
    `- ${browser}; adapter ${adapter}, ${hasHalf ? 'with' : '**without**'} shader-f16` +
      (hasHalf ? '' : ': wllama then computes on the CPU and does not say so'),
    `- ${Object.entries(versions)
      .map(each => each.join(' '))
      .join(', ')}; subgroups hidden from onnxruntime-web, whose attention gives wrong tokens with 4 or 8 of them`,
    '- prefill: the prompt of 256 tokens over the time to its first token; A: 16 prompts of 256 shared and 16 own tokens, ' +
      '16 generated; B: 64 of 512 and 32, 32 generated; same answers: as the first row, to the last token',
    `- batches on wllama: ${atMost} prompts computed at most, the rest reckoned from all but the first`,
    `- \`npm run bench:peers -- ${flags}\``,
    ...Object.entries(STRATEGIES).map(each => `- ${each.join(': ')}`),
  ].join('\n')
  const failures = engines.flatMap(({ name, failure }) => (failure ? [`${ENGINES[name].title}: ${failure}`] : []))
  for (const { name } of disagreeing(engines)) failures.push(`${ENGINES[name].title}: its answers differ`)
  return ['# Coppice and its peers', setUp, figures(engines), ratios(engines), ...failures].join('\n\n')
}

function figures(engines: readonly EngineResult[]): string {
  const metrics = Object.keys(METRICS) as Metric[]
  const [reference] = engines
  const rows = engines.map(each => {
    const { name, loadMs, runs } = each
    return [
      ENGINES[name].title,
      cell(loadMs),
      cell((runs.single ?? []).map(({ firstMs }) => firstMs)),
      ...metrics.map(metric => cell(values(each, metric))),
      dispatchesPerToken(each),
      agreement(each, reference),
    ]
  })
  const header = ['engine', 'load, ms', 'first token, ms', ...metrics, 'dispatches a token', 'same answers']
  return table(header, rows)
}

/** Dispatches for each token of each task, prompts' included: 0 where an engine computes on the CPU, whatever it claims. */
function dispatchesPerToken({ runs }: EngineResult): string {
  const ofTasks = Object.values(runs).map(ofRounds => {
    const { dispatches, tokens } = ofRounds[ofRounds.length - 1]
    return (dispatches / tokens.flat().length).toFixed(0)
  })
  return ofTasks.join(' / ') || '–'
}

/** Ratios of Coppice to each other engine in each round, and to the fastest that computes on WebGPU. */
function ratios(engines: readonly EngineResult[]): string {
  const ours = engines.filter(({ name }) => ENGINES[name].engine === 'coppice')
  const peers = engines.filter(({ name }) => ENGINES[name].engine !== 'coppice')
  const metrics = Object.keys(METRICS) as Metric[]
  const rows = ours.flatMap(our => [
    ...peers.map(peer => [
      `${ENGINES[our.name].title} ÷ ${ENGINES[peer.name].title}`,
      ...metrics.map(metric => cell(quotients(values(our, metric), values(peer, metric)))),
    ]),
    [
      `**${ENGINES[our.name].title} ÷ the fastest on WebGPU**`,
      ...metrics.map(metric => {
        const best = peers.filter(usesGpu).map(peer => values(peer, metric))
        const fastest = best.filter(each => each.length > 0).sort((a, b) => figure(b).median - figure(a).median)[0]
        return fastest ? cell(quotients(values(our, metric), fastest)) : '–'
      }),
    ],
  ])
  return table(['within a round', ...metrics], rows)
}

/** Whether an engine used the GPU: only if it has dispatched. */
function usesGpu({ runs }: EngineResult): boolean {
  return Object.values(runs)
    .flat()
    .some(run => run.dispatches > 0)
}

function values({ runs }: EngineResult, metric: Metric): number[] {
  const { task, of } = METRICS[metric]
  return (runs[task] ?? []).map(of)
}

function quotients(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.slice(0, theirs.length).map((value, round) => value / theirs[round])
}

function cell(numbers: readonly number[]): string {
  if (numbers.length === 0) return '–'
  const found = figure(numbers)
  const digits = found.median < 20 ? 2 : 0
  return numbers.length === 1 ? found.median.toFixed(digits) : spread(found, digits)
}

/** Engines on the GPU whose answers differ from the first's; on the CPU activations are rounded to int8. */
export function disagreeing(engines: readonly EngineResult[]): EngineResult[] {
  const exact = engines.filter(each => ENGINES[each.name].device === 'webgpu' && usesGpu(each))
  return exact.filter(each => {
    const { same, all } = compare(each, exact[0])
    return same < all
  })
}

function agreement(each: EngineResult, reference: EngineResult): string {
  const { same, all } = compare(each, reference)
  return all === 0 ? '–' : `${same} of ${all}`
}

/** Number of answers that are the same to the last token, of those that both gave. */
function compare({ runs }: EngineResult, reference: EngineResult): { same: number; all: number } {
  let same = 0
  let all = 0
  for (const [task, mine] of Object.entries(runs) as [TaskName, readonly CountedRun[]][]) {
    for (const [round, { tokens }] of mine.entries()) {
      const expected = reference.runs[task]?.[round]?.tokens ?? []
      const pairs = tokens.slice(0, expected.length)
      all += pairs.length
      same += pairs.filter((answer, index) => answer.every((token, i) => token === expected[index][i])).length
    }
  }
  return { same, all }
}
