import { Deferred } from '../core/deferred'
import { PageAnswers } from './page-answers'
import { withPage } from './pages'
import type { ServeRuntime } from './serve-runtime'

/** Serves an engine in a page of headless Chrome. */
export const serveInChrome: ServeRuntime = (input, onLoad, signal, use) => {
  const lost = new Deferred<never>()
  const lose = ({ name, message }: { readonly name: string; readonly message: string }) =>
    lost.reject(Object.assign(new Error(message), { name }))
  return withPage(
    'pages/serve/',
    async page => {
      await page.exposeFunction('onLoad', onLoad)
      await page.exposeFunction('onLost', lose)
    },
    async (page, server) => {
      const answers = new PageAnswers(page)
      await answers.expose()
      await page.waitForFunction(() => 'openEngine' in window)
      signal.throwIfAborted()
      const stopped = new Deferred<never>()
      signal.addEventListener('abort', () => stopped.reject(signal.reason))
      const engine = { ...input, model: server.modelUrl(input.model) }
      const failure = await Promise.race([page.evaluate(given => window.openEngine(given), engine), stopped.promise])
      if (failure) lose(failure)
      await Promise.race([lost.promise, failure ? undefined : use(request => answers.answer(request))])
    },
  )
}
