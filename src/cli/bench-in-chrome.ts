import type { WithBenchRuntime } from './bench-runtime'
import { withPage } from './pages'
import { resolveModel } from './serve'

/** In a page of headless Chrome, served from this machine. */
export const inChrome: WithBenchRuntime = (setting, use) =>
  withPage(
    'bench/',
    async page => {
      await page.addInitScript(() => {
        window.isDriven = true
      })
    },
    async (page, server) => {
      await page.waitForFunction(() => 'runBenchTask' in window)
      const model = server.modelUrl(resolveModel(setting.model))
      return use({
        description: `Chrome ${page.context().browser()?.version()}`,
        run: task =>
          page.evaluate(([what, how]) => window.runBenchTask(what, how), [task, { ...setting, model }] as const),
      })
    },
  )
