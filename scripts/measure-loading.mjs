// Measures loading in headless Chrome: the first load over a line of 100 MB/s, the second from the cache, the time to the
// first token, and what a load that was interrupted by a reload of the page fetches twice. `node scripts/measure-loading.mjs [MB/s]`
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { createServer, createServerModuleRunner } from 'vite'
import { CHROME_ARGS, ensureChrome } from './chrome.mjs'
import { SHAPES } from './oracles/model-shapes.mjs'

const bytesPerSecond = Number(process.argv[2] ?? 100) * 1e6

const CONFIG = { ...SHAPES['smollm2-135m'], max_position_embeddings: 2048, bos_token_id: 1, eos_token_id: 2 }

const vite = await createServer({
  logLevel: 'error',
  server: { port: 0, host: '127.0.0.1', hmr: false, fs: { strict: false } },
})
await vite.listen()
const runner = createServerModuleRunner(vite.environments.ssr, { hmr: false })
const at = path => new URL(`../${path}`, import.meta.url).pathname
const { startFakeHub } = await runner.import(at('test/support/fake-hub.ts'))
const { seededFiles } = await runner.import(at('test/support/seeded-weights.ts'))
const contents = new Map()
for (const [path, open] of seededFiles(CONFIG, 1, 'BF16')) contents.set(path, Buffer.concat([...open()]))
const weightBytes = contents.get('model.safetensors').length
const hub = await startFakeHub()
const profile = mkdtempSync(join(tmpdir(), 'coppice-profile-'))
const browser = await chromium.launchPersistentContext(profile, { executablePath: ensureChrome(), args: CHROME_ARGS })

/** Loads in a fresh page; gives seconds: until loaded, and until the first token. `stopAt`: closes the page at this share of the weights. */
async function load(what, session, stopAt = 2) {
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${vite.httpServer.address().port}/pages/job/`)
  await page.evaluate(() => Promise.all([import('/index.ts'), import('/engine/open/open-source.ts')]))
  let stop
  const stopped = new Promise(resolve => {
    stop = resolve
  })
  await page.exposeFunction('onStop', () => stop())
  const loaded = page.evaluate(
    async ([kind, host, stopAt]) => {
      const { createEngine } = await import('/index.ts')
      const { openSource } = await import('/engine/open/open-source.ts')
      const begin = performance.now()
      if (kind === 'engine') {
        const engine = await createEngine('org/name', { hub: { host }, blocks: 64, weights: 'f16' })
        const loaded = (performance.now() - begin) / 1000
        await engine.generate([Array.from({ length: 32 }, (_, i) => i)], { maxTokens: 1 }).all()
        const answered = (performance.now() - begin) / 1000
        engine.dispose()
        return [loaded, answered]
      } else {
        const source = await openSource('org/name', { hub: { host } })
        const reader = (await source.open('model.safetensors')).getReader()
        let sum = 0
        for (let read = await reader.read(); !read.done; read = await reader.read()) {
          sum += read.value.length
          if (sum / 269e6 >= stopAt) await window.onStop()
        }
      }
      return [(performance.now() - begin) / 1000]
    },
    [what, `${hub.url}/${session}`, stopAt],
  )
  const seconds = await Promise.race([loaded, stopped])
  loaded.catch(() => undefined)
  await page.close()
  return seconds
}

/** The fastest, which other work on the machine has disturbed least, and all. */
function rate(seconds) {
  const best = Math.min(...seconds)
  const all = seconds.map(each => each.toFixed(2)).join(', ')
  return `${best.toFixed(2)} s, ${(weightBytes / 1e6 / best).toFixed(0)} MB/s (of ${all} s)`
}

console.log(`${(weightBytes / 1e6).toFixed(1)} MB of weights over ${bytesPerSecond / 1e6} MB/s`)
try {
  for (const what of ['bytes', 'engine']) {
    const seconds = { first: [], later: [] }
    for (let run = 0; run < 3; run++) {
      const session = `${what}${run}`
      hub.put(session, contents, bytesPerSecond)
      seconds.first.push(await load(what, session))
      for (let again = 0; again < 3; again++) seconds.later.push(await load(what, session))
    }
    for (const [name, all] of Object.entries(seconds)) {
      console.log(`${what}, ${name} load: ${rate(all.map(([loaded]) => loaded))}`)
      const answers = all.flatMap(([, answered = []]) => answered)
      if (answers.length > 0) console.log(`  to the first token: ${Math.min(...answers).toFixed(2)} s`)
    }
    const [first, later] = Object.values(seconds).map(all => Math.min(...all.map(([loaded]) => loaded)))
    console.log(`  ${(first / later).toFixed(1)} times as fast`)
  }
  for (const stopAt of [0.2, 0.5, 0.8]) {
    // slow enough that what is under way is on the line, and not in the buffers of a page that cannot keep up
    const served = hub.put(`stop${stopAt}`, contents, bytesPerSecond / 5)
    await load('bytes', `stop${stopAt}`, stopAt)
    await load('bytes', `stop${stopAt}`)
    const bytes = served.filter(({ path }) => path !== 'api').reduce((sum, each) => sum + each.bytes, 0)
    const twice = (100 * (bytes - weightBytes)) / weightBytes
    console.log(`page closed at ${100 * stopAt}%: ${twice.toFixed(2)}% of the bytes fetched twice`)
  }
} finally {
  await browser.close()
  hub.close()
  await runner.close()
  await vite.close()
  rmSync(profile, { recursive: true, force: true })
}
