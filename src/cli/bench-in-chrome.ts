import type { WithBenchRuntime } from './bench-runtime'
import { withPage } from './pages'
import { resolveModel } from './serve'

/** In a page of headless Chrome, served from this machine. */
export const inChrome: WithBenchRuntime = (setting, use) =>
  withPage(
    'bench/',
    async () => undefined,
    async (page, server) => {
      await page.waitForFunction(() => 'runWorkloadInPage' in window)
      const model = server.modelUrl(resolveModel(setting.model))
      return use({
        description: `Chrome ${page.context().browser()?.version()}`,
        run: workload =>
          page.evaluate(([what, how]) => window.runWorkloadInPage(what, how), [
            workload,
            { ...setting, model },
          ] as const),
      })
    },
  )
