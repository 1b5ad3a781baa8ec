/** The page in which `npm run bench:engine` measures; a person presses its button. */
import type { Setting } from '../common/setting'
import { sectionText } from './report'
import { DEFAULT_SIZES, sectionsOf } from './sections'
import { type EngineTask, type EngineTaskReport, runEngineTask } from './task'

declare global {
  interface Window {
    runEngineTaskInPage(task: EngineTask, setting: Setting): Promise<EngineTaskReport>
  }
}

window.runEngineTaskInPage = runEngineTask

const output = document.querySelector('#report')
const button = document.querySelector('button')
button?.addEventListener('click', () => {
  button.disabled = true
  measure(text => output?.append(`${text}\n\n`)).catch((error: unknown) => output?.append(String(error)))
})

async function measure(print: (text: string) => void): Promise<void> {
  const model = new URLSearchParams(location.search).get('model') ?? '../models/sprout/'
  const setting = { model, engine: {}, rounds: 3 }
  print(`${model}: measuring …`)
  const measured = await runEngineTask({ kind: 'ceilings' }, setting)
  if (measured.kind !== 'ceilings') return
  const { adapter, ceilings } = measured
  print(adapter)
  for (const part of ['latency', 'decode'] as const) {
    for (const { task, ...section } of sectionsOf(part, DEFAULT_SIZES)) {
      print(sectionText({ ...section, report: await runEngineTask(task, setting) }, ceilings))
    }
  }
}
