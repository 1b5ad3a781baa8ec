import type { Browser } from 'playwright-core'

/** An entry of Chrome's trace; of a task: how long the thread computed in it, in microseconds, whatever else ran meanwhile. */
interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

const CATEGORIES = ['disabled-by-default-devtools.timeline']

/** Does `work`. The CPU time of each task of the pages' main threads meanwhile, in milliseconds. */
export async function tasksOf<T>(browser: Browser, work: () => Promise<T>): Promise<[result: T, cpuMs: number[]]> {
  const devtools = await browser.newBrowserCDPSession()
  const tasks: TraceEvent[] = []
  const mainThreads = new Set<string>()
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`
  devtools.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value as unknown as TraceEvent[]) {
      if (event.args?.name === 'CrRendererMain') mainThreads.add(threadOf(event))
      else if (event.name === 'RunTask') tasks.push(event)
    }
  })
  const isComplete = new Promise(resolve => devtools.once('Tracing.tracingComplete', resolve))
  const traceConfig = { includedCategories: CATEGORIES, excludedCategories: ['*'] }
  await devtools.send('Tracing.start', { traceConfig, transferMode: 'ReportEvents' })
  const result = await work()
  await devtools.send('Tracing.end')
  await isComplete
  await devtools.detach()
  const own = tasks.filter(task => mainThreads.has(threadOf(task)))
  return [result, own.map(({ tdur = 0 }) => tdur / 1000)]
}
