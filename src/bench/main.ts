/** The benchmark's page: opened by a person it measures decoding; `npm run bench` has it run one task after another. */
import { taskText } from './report'
import type { Setting } from './setting'
import { runTask, type Task, type TaskReport } from './task'

declare global {
  interface Window {
    runBenchTask(task: Task, setting: Setting): Promise<TaskReport>
    /** Set by `npm run bench`, which decides what runs. */
    isDriven?: boolean
  }
}

window.runBenchTask = runTask

const output = document.querySelector('#report')
if (output && !window.isDriven) {
  const model = new URLSearchParams(location.search).get('model') ?? '../models/sprout/'
  runTask({ kind: 'decode', name: 'decode' }, { model, engine: {}, rounds: 5 }).then(
    report => {
      output.textContent = `${model} on ${report.adapter}\n\n${taskText(report)}`
    },
    (error: unknown) => {
      output.textContent = String(error)
    },
  )
}
