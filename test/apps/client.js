// A page whose engine is in a worker, by its address `?shared` with other tabs, or `?service` in a service worker.
// It says too why there is none.
import { createEngine } from 'coppice/client'

const small = { blocks: 16, contextLength: 128, tokenBudget: 2 }
const asked = new URLSearchParams(globalThis.location.search)

async function answer(options) {
  const engine = await createEngine('/models/sprout/', { ...small, ...options })
  const [{ text }] = await engine.generate(['Once upon a time, there was a'], { maxTokens: 3 }).all()
  return { engine, text, decisions: engine.decisions }
}

async function once(options) {
  const { engine, ...said } = await answer(options)
  engine.dispose()
  return said
}

/** As `once`, after a first engine whose worker the browser has stopped. */
async function twice() {
  const worker = await serviceWorker()
  const { engine } = await answer({ worker })
  console.log('may be stopped')
  const { name } = await engine.lost
  return { lost: name, ...(await once({ worker })) }
}

/** The file of coppice/host, which is one of all, is a service worker as it is. */
async function serviceWorker() {
  const policy = globalThis.trustedTypes.createPolicy('app', { createScriptURL: url => url })
  const url = policy.createScriptURL('dist/coppice-host.js')
  const { installing } = await navigator.serviceWorker.register(url, { type: 'module', scope: 'dist/' })
  await new Promise(resolve =>
    installing.addEventListener('statechange', () => installing.state === 'activated' && resolve()),
  )
  return installing
}

const answers = asked.has('service') ? twice() : once(asked.has('shared') ? { worker: 'shared' } : {})
globalThis.answer = answers.catch(({ name, message }) => ({ name, message }))
