import { withPage } from '../../../cli/pages'
import { resolveModel } from '../../../cli/serve'
import type { WithEngineRuntime } from './runtime'

/** A runtime in a page of headless Chrome, served from this machine. */
export const engineInChrome: WithEngineRuntime = use =>
  withPage(
    'bench/engine/',
    async () => undefined,
    async (page, server) => {
      await page.waitForFunction(() => 'runEngineTaskInPage' in window)
      return use({
        description: `Chrome ${page.context().browser()?.version()}`,
        run: (task, setting) => {
          const model = server.modelUrl(resolveModel(setting.model))
          return page.evaluate(([what, how]) => window.runEngineTaskInPage(what, how), [
            task,
            { ...setting, model },
          ] as const)
        },
      })
    },
  )
