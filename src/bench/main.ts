/** The benchmark's page: opened by a person it runs and shows its report; `npm run bench` calls `runBench` in it. */
import { type BenchOptions, type BenchReport, measure } from './measure'
import { reportText } from './report'

declare global {
  interface Window {
    runBench(options: BenchOptions): Promise<BenchReport>
    /** Set by `npm run bench`, which decides what runs. */
    isDriven?: boolean
  }
}

window.runBench = measure

const output = document.querySelector('#report')
if (output && !window.isDriven) {
  const model = new URLSearchParams(location.search).get('model') ?? '../models/sprout/'
  measure({ model, engine: {}, rounds: 5 }).then(
    report => {
      output.textContent = reportText(report)
    },
    (error: unknown) => {
      output.textContent = String(error)
    },
  )
}
