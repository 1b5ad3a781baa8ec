import { withPage } from '../../../cli/pages'
import type { KernelRuntime } from './runtime'

/** A runtime in a page of headless Chrome, served from this machine. */
export const kernelsInChrome: KernelRuntime = (task, events) =>
  withPage(
    'bench/kernels/',
    async page => {
      for (const [name, callback] of Object.entries(events)) await page.exposeFunction(name, callback)
    },
    async page => {
      await page.waitForFunction(() => 'runKernelsInPage' in window)
      const run = await page.evaluate(given => window.runKernelsInPage(given), task)
      return { run, description: `Chrome ${page.context().browser()?.version()}` }
    },
  )
