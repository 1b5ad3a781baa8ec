import { withPage } from '../../../cli/pages'
import { resolveModel } from '../../../cli/serve'
import { table } from '../../common/table'

/** Measures, as a table, what large calls cost a page's main thread, in headless Chrome. */
export function callsInChrome(model: string): Promise<string> {
  return withPage(
    'bench/cpu/',
    async () => undefined,
    async (page, server) => {
      await page.waitForFunction(() => 'runCallCase' in window)
      const devtools = await page.context().newCDPSession(page)
      await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
      /** CPU time of the main thread in all tasks so far. */
      const taskMs = async () => {
        const { metrics } = await devtools.send('Performance.getMetrics')
        return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN)
      }
      const url = server.modelUrl(resolveModel(model))
      const rows: string[][] = []
      for (;;) {
        const name = await page.evaluate(at => window.nextCallCase(at), url)
        if (name === undefined) break
        const before = await taskMs()
        const [ms, longestMs] = await page.evaluate(() => window.runCallCase())
        rows.push([name, ...[ms, (await taskMs()) - before, longestMs].map(each => each.toFixed(0))])
      }
      return table(['10,000 chats of 600 tokens', 'ms', 'CPU of the thread, ms', 'longest task, ms'], rows)
    },
  )
}
