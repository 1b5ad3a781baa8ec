import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { commandOf } from '../../../cli/option-values'
import { seededModel } from '../../common/cli/seeded-model'
import { shapeOf, type WorkloadName } from '../../common/shapes'
import { ALL, READS } from '../configurations'
import { type BenchReport, reportText } from '../report'
import type { Workload } from '../run-workload'
import { type SweepPoint, sweepPlot } from '../sweep-plot'
import { SWEEPS, type SweepName } from '../sweeps'
import type { WorkloadReport } from '../workload-report'
import { workloadText } from '../workload-text'
import { type BenchCommand, parseBenchCommand, USAGE } from './options'
import { inNode, type WithBenchRuntime } from './runtime'

/** Exit code 0: everything was measured; 1: some parts failed, the others are in the report; 2: bad command line. */
export async function main(args: string[]): Promise<number> {
  const command = commandOf(args, USAGE, parseBenchCommand)
  if (typeof command === 'number') return command
  const { engine, rounds, out } = command
  const setting = { model: command.model ?? seededModel(command.shape), engine, rounds }
  const withRuntime = await chooseRuntime(command)
  await mkdir(out, { recursive: true })
  return withRuntime(setting, async runtime => {
    const [processor] = cpus()
    const environment = {
      date: new Date().toISOString(),
      runtime: runtime.description,
      host: `${processor.model}, ${cpus().length} cores`,
      model: command.model ?? `${command.shape}, seeded`,
      flags: args.join(' '),
    }
    const reports: WorkloadReport[] = []
    let numFailed = 0
    await runParts(command, async workload => {
      try {
        const report = await runtime.run(workload)
        console.log(`${workloadText(report)}\n`)
        reports.push(report)
        // after every part, so that an interrupted benchmark leaves what it has
        await writeReport(out, { environment, reports })
        return report
      } catch (error) {
        numFailed += 1
        console.error(`${workload.name} failed. ${error instanceof Error ? error.message : String(error)}\n`)
        return undefined
      }
    })
    if (reports.length > 0) console.log(`${out}/report.md, report.json`)
    return numFailed === 0 ? 0 : 1
  })
}

/** Runs the parts in turn; a sweep also leaves its plot. */
async function runParts(
  { parts, sizes, configurations, out }: BenchCommand,
  run: (workload: Workload) => Promise<WorkloadReport | undefined>,
): Promise<void> {
  for (const part of parts) {
    if (isWorkload(part)) {
      const shape = shapeOf(part, sizes)
      const usual = shape.timing === 'decode' ? READS : ALL
      await run({ name: part, shape, configurations: configurations ?? usual })
    } else {
      const sweep = SWEEPS[part](sizes)
      const points: SweepPoint[] = []
      for (const { x, shape } of sweep.points) {
        const name = `${sweep.title}: ${x} ${sweep.xLabel}`
        const usual = sweep.configurations
        const report = await run({ name, shape, configurations: configurations ?? usual })
        if (report) points.push({ x, report })
      }
      if (points.length > 0) await writeFile(`${out}/${part}.svg`, sweepPlot(sweep, points))
    }
  }
}

function isWorkload(name: WorkloadName | SweepName): name is WorkloadName {
  return !(name in SWEEPS)
}

async function writeReport(out: string, report: BenchReport): Promise<void> {
  await writeFile(`${out}/report.json`, `${JSON.stringify(report, undefined, 2)}\n`)
  await writeFile(`${out}/report.md`, `${reportText(report)}\n`)
}

/** The runtime of the command. A browser and its page server are loaded for Chrome only: a machine for `--runtime node` may have neither. */
async function chooseRuntime({ runtime, dawnToggles }: BenchCommand): Promise<WithBenchRuntime> {
  return runtime === 'node' ? inNode(dawnToggles) : (await import('./in-chrome')).inChrome
}
