import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { commandOf } from '../../../cli/option-values'
import { seededModel } from '../../common/cli/seeded-model'
import { bestCeilings } from '../../kernels/ceilings'
import { ceilingsText } from '../../kernels/report'
import { partPlot } from '../plots'
import { type EngineReport, engineReportText, sectionText } from '../report'
import { type MeasuredSection, sectionsOf } from '../sections'
import { ENGINE_USAGE, type EngineCommand, parseEngineCommand } from './options'
import { engineInNode, type WithEngineRuntime } from './runtime'

/** Exit code 0: everything was measured; 1: some parts failed, the others are in the report; 2: bad command line. */
export async function main(args: string[]): Promise<number> {
  const command = commandOf(args, ENGINE_USAGE, parseEngineCommand)
  if (typeof command === 'number') return command
  const { engine, rounds, out, sizes } = command
  const model = command.model ?? seededModel(command.shape)
  const withRuntime = await chooseRuntime(command)
  return withRuntime(async ({ description, run }) => {
    const measureCeilings = async () => {
      const report = await run({ kind: 'ceilings' }, { model, engine, rounds })
      if (report.kind !== 'ceilings') throw new Error('Ceilings were asked for.')
      return report
    }
    const { adapter, ceilings } = await measureCeilings()
    console.log(`${adapter}\n${ceilingsText(ceilings)}\n`)
    const environment = {
      date: new Date().toISOString(),
      runtime: description,
      host: `${cpus()[0].model}, ${cpus().length} cores`,
      model: `${command.model ?? `${command.shape}, seeded`}, weights ${engine.weights}`,
      flags: args.join(' '),
    }
    const sections: MeasuredSection[] = []
    let numFailed = 0
    for (const { task, ...section } of command.parts.flatMap(part => sectionsOf(part, sizes))) {
      try {
        const own = section.shape === undefined ? model : seededModel(section.shape)
        const done = { ...section, report: await run(task, { model: own, engine, rounds }) }
        sections.push(done)
        console.log(`${sectionText(done, ceilings)}\n`)
        // after every section, so that an interrupted benchmark leaves what it has
        await write(out, { environment, adapter, ceilings, sections })
      } catch (error) {
        numFailed += 1
        console.error(`${section.title} failed. ${error instanceof Error ? error.message : String(error)}\n`)
      }
    }
    if (sections.length > 0) {
      const after = await measureCeilings()
      await write(out, { environment, adapter, ceilings: bestCeilings(ceilings, after.ceilings), sections })
      console.log(`${out}/report.md, report.json: with the better of the ceilings before and after`)
    }
    return numFailed === 0 ? 0 : 1
  })
}

async function write(out: string, report: EngineReport): Promise<void> {
  await mkdir(out, { recursive: true })
  await writeFile(`${out}/report.json`, `${JSON.stringify(report, undefined, 2)}\n`)
  await writeFile(`${out}/report.md`, `${engineReportText(report)}\n`)
  for (const part of new Set(report.sections.map(section => section.part))) {
    const plot = partPlot(part, report.sections, report.ceilings)
    if (plot) await writeFile(`${out}/${part}.svg`, plot)
  }
}

/** The runtime of the command. A browser and its page server are loaded for Chrome only: a machine for `--runtime node` may have neither. */
async function chooseRuntime({ runtime, dawnToggles }: EngineCommand): Promise<WithEngineRuntime> {
  return runtime === 'node' ? engineInNode(dawnToggles) : (await import('./in-chrome')).engineInChrome
}
