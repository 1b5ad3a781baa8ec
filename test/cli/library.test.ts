/** The built library as a page has it that uses no bundler and forbids what it can. */

import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROME_ARGS, findChrome } from '../../scripts/chrome.mjs'
import { buildLibrary } from '../../src/cli/build'

const IMPORTS = {
  coppice: '/coppice.js',
  '@huggingface/tokenizers': '/node_modules/@huggingface/tokenizers/dist/tokenizers.mjs',
}
const PAGE = `<!doctype html><title>.</title>
<script type="importmap" nonce="page">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module" nonce="page">
import { createEngine } from 'coppice'
window.generated = (async () => {
  const engine = await createEngine('/models/sprout/', { blocks: 16, contextLength: 128, tokenBudget: 32 })
  const [result] = await engine.generate(['Once upon a time, there was a'], { maxTokens: 3 }).all()
  engine.dispose()
  return result.text
})()
</script>`
const POLICY = "default-src 'none'; script-src 'self' 'nonce-page'; connect-src 'self'"
const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  mjs: 'text/javascript',
  json: 'application/json',
}

describe('the built library under a strict content security policy', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-library-'))
  let server: Server
  let browser: Browser

  beforeAll(async () => {
    await buildLibrary(folder)
    server = createServer(async ({ url = '/' }, response) => {
      const { pathname, search } = new URL(url, 'http://localhost')
      if (pathname === '/') {
        const headers = {
          'content-type': 'text/html',
          'content-security-policy': `${POLICY}; ${decodeURI(search.slice(1))}`,
        }
        return response.writeHead(200, headers).end(PAGE)
      }
      const root = pathname.startsWith('/node_modules/') ? '.' : pathname.startsWith('/models/') ? 'public' : folder
      const bytes = await readFile(join(root, pathname)).catch(() => undefined)
      const type = TYPES[pathname.split('.').at(-1) ?? ''] ?? 'application/octet-stream'
      response.writeHead(bytes ? 200 : 404, { 'content-type': type }).end(bytes)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    browser = await chromium.launch({ executablePath: findChrome(), args: CHROME_ARGS })
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    server?.close()
    rmSync(folder, { recursive: true })
  })

  /** What the embedded model writes in a page with this policy for workers, and the workers that the page started. */
  async function generate(workerPolicy: string) {
    const address = server.address()
    if (!address || typeof address === 'string') throw new Error('the server has no port')
    const page = await browser.newPage()
    const workers: string[] = []
    page.on('worker', worker => workers.push(new URL(worker.url()).pathname))
    await page.goto(`http://127.0.0.1:${address.port}/?${encodeURI(workerPolicy)}`)
    const text = await page.evaluate('window.generated')
    await page.close()
    return { text, workers }
  }

  it('packs weights in its worker, or without one where there may be none, to the same effect', async () => {
    const allowed = await generate("worker-src 'self'")
    expect(new Set(allowed.workers)).toEqual(new Set(['/coppice-worker.js']))
    expect(allowed.text).not.toBe('')
    expect(await generate("worker-src 'none'")).toEqual({ text: allowed.text, workers: [] })
  })
})
