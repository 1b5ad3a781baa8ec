import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { commandOf } from '../../../cli/option-values'
import { ceilingsText, comparisonText, failureText, type KernelReport, kernelReportText, measuredText } from '../report'
import type { KernelEvents } from '../run'
import { KERNELS_USAGE, type KernelCommand, parseKernelCommand } from './options'
import { type KernelRuntime, kernelsInNode } from './runtime'

const PRINTED: KernelEvents = {
  onCeilings: (adapter, ceilings) => console.log(`${adapter}\n${ceilingsText(ceilings)}\n`),
  onMeasured: measured => console.log(measuredText(measured)),
  onComparison: comparison => console.log(`${comparisonText(comparison)}\n`),
  onFailure: failure => console.error(`WRONG: ${failureText(failure)}`),
}

/** Exit code 0: all is measured; 1: an output was wrong, or nothing could be measured; 2: bad command line. */
export async function main(args: string[]): Promise<number> {
  const command = commandOf(args, KERNELS_USAGE, parseKernelCommand)
  if (typeof command === 'number') return command
  const { task, against, out } = command
  const other = against === undefined ? undefined : { name: against, shaders: await readShaders(against) }
  const runtime = await chooseRuntime(command)
  const { run, description } = await runtime({ ...task, against: other }, PRINTED)
  const [processor] = cpus()
  const environment = {
    date: new Date().toISOString(),
    runtime: description,
    host: `${processor.model}, ${cpus().length} cores`,
    flags: args.join(' '),
  }
  await writeReport(out, { environment, ...run })
  console.log(`\n${out}/report.md, report.json`)
  return run.failures.length === 0 ? 0 : 1
}

async function writeReport(out: string, report: KernelReport): Promise<void> {
  await mkdir(out, { recursive: true })
  await writeFile(`${out}/report.json`, `${JSON.stringify(report, undefined, 2)}\n`)
  await writeFile(`${out}/report.md`, `${kernelReportText(report)}\n`)
}

async function readShaders(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).filter(name => name.endsWith('.wgsl'))
  // the kernels would be held against themselves
  if (names.length === 0) throw new Error(`--against ${folder}: there are no shaders in it.`)
  const texts = names.map(
    async name => [name.replace('.wgsl', ''), await readFile(`${folder}/${name}`, 'utf8')] as const,
  )
  return Object.fromEntries(await Promise.all(texts))
}

/** The runtime of the command. A browser and its page server are loaded for Chrome only: a machine for `--runtime node` may have neither. */
async function chooseRuntime({ runtime, dawnToggles }: KernelCommand): Promise<KernelRuntime> {
  return runtime === 'node' ? kernelsInNode(dawnToggles) : (await import('./in-chrome')).kernelsInChrome
}
