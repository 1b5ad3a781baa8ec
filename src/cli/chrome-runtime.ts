import type { JobRuntime } from './job-runtime'
import { withPage } from './pages'

/** In a page of headless Chrome, served from this machine. */
export const runInChrome: JobRuntime = (input, events, signal) =>
  withPage(
    'job/',
    async page => {
      await page.exposeFunction('onLoad', events.onLoad)
      await page.exposeFunction('onResponse', events.onResponse)
      await page.exposeFunction('onProgress', events.onProgress)
    },
    async (page, server) => {
      await page.waitForFunction(() => 'runJobInPage' in window)
      signal.throwIfAborted()
      // a page that closes meanwhile has nothing left to stop
      signal.addEventListener('abort', () => void page.evaluate(() => window.abortJob()).catch(() => undefined))
      const job = { ...input, model: server.modelUrl(input.model) }
      const outcome = await page.evaluate(given => window.runJobInPage(given), job)
      if ('summary' in outcome) return outcome.summary
      throw Object.assign(new Error(outcome.error.message), { name: outcome.error.name })
    },
  )
