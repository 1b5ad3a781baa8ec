import { JobChannel } from './job-channel'
import type { JobRuntime } from './job-runtime'
import { withPage } from './pages'
import { shrinkHeap } from './small-heap'

/** How long a page may take to stop and hand over what it has; a job's answers are on their way long before. */
const STOP_MS = 3000

/** Runs a job in a page of headless Chrome, served from this machine. */
export const runInChrome: JobRuntime = (input, events, signal) => {
  shrinkHeap()
  const channel = new JobChannel(input, events)
  return withPage(
    'pages/job/',
    async page => {
      await page.exposeFunction('onLoad', events.onLoad)
    },
    async (page, server) => {
      await page.waitForFunction(() => 'runJobInPage' in window)
      // building the page has left as much again
      shrinkHeap()
      signal.throwIfAborted()
      const stopped = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          // a page that closes meanwhile has nothing left to stop
          page.evaluate(() => window.abortJob()).catch(() => undefined)
          setTimeout(() => reject(signal.reason), STOP_MS).unref()
        })
      })
      const { modelName, engine, maxTokens } = input
      const job = { channel: channel.path, model: server.modelUrl(input.model), modelName, engine, maxTokens }
      const outcome = await Promise.race([
        page.evaluate(given => window.runJobInPage(given), job),
        stopped,
        channel.failed,
      ])
      if ('summary' in outcome) return outcome.summary
      throw Object.assign(new Error(outcome.error.message), { name: outcome.error.name })
    },
    (request, response) => channel.handle(request, response),
  )
}
