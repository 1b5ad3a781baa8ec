import type { Environment } from '../common/environment'
import type { WorkloadReport } from './workload-report'
import { workloadText } from './workload-text'

/** A whole benchmark, as plain data. */
export interface BenchReport {
  readonly environment: Environment
  readonly reports: readonly WorkloadReport[]
}

/** The report as Markdown that reads well in a terminal too. */
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
