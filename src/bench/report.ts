import type { WorkloadReport } from './workload-report'
import { workloadText } from './workload-text'

/** A whole benchmark, as plain data. */
export interface BenchReport {
  readonly environment: Environment
  readonly reports: readonly WorkloadReport[]
}

/** What a figure means nothing without. */
export interface Environment {
  /** ISO 8601. */
  readonly date: string
  /** Where WebGPU came from, with its version. */
  readonly runtime: string
  /** The processor and how many cores it has. */
  readonly host: string
  readonly model: string
  /** As given on the command line. */
  readonly flags: string
}

/** As Markdown that reads well in a terminal too. */
export function reportText({ environment, reports }: BenchReport): string {
  const { date, runtime, host, model, flags } = environment
  const [first] = reports
  const setUp = [
    `- ${date}, ${host}`,
    `- ${runtime}${first ? `; adapter ${first.adapter}` : ''}`,
    `- model ${model}${first ? `, ${modelText(first)}` : ''}`,
    `- \`npm run bench -- ${flags}\``,
  ].join('\n')
  return ['# Coppice benchmark', setUp, ...reports.map(workloadText)].join('\n\n')
}

function modelText({ parameters, weightBytes }: WorkloadReport): string {
  const millions = (parameters.layers + parameters.head) / 1e6
  return `${millions.toFixed(2)} M weights per token, ${(weightBytes / 1e6).toFixed(1)} MB`
}
