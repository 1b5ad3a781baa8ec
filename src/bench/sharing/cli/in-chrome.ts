import { withPage } from '../../../cli/pages'
import { resolveModel } from '../../../cli/serve'
import type { WithBenchRuntime } from './runtime'

/** A runtime in a page of headless Chrome, served from this machine. */
export const inChrome: WithBenchRuntime = (setting, use) =>
  withPage(
    'bench/sharing/',
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
