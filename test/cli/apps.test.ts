/** Apps of each kind, made from the packed library as strangers would make them, answer; pages under the strictest policy. */
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROME_ARGS, findChrome } from '../../scripts/chrome.mjs'
import { installApps, runtime } from './apps'

const TIMEOUT_MS = 300_000
const POLICY =
  "default-src 'none'; script-src 'self' 'nonce-page'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types coppice app"
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  json: 'application/json',
}
const esbuild = (...entries: string[]) => [
  'esbuild',
  ...entries,
  '--bundle',
  '--format=esm',
  '--outdir=dist',
  '--minify',
]

/** How an app's files are made, and where its page is then. */
const PAGES: readonly { readonly app: string; readonly build?: readonly string[]; readonly page?: string }[] = [
  { app: 'html' },
  { app: 'vite', build: ['vite', 'build', '--base', './'], page: 'vite/dist/' },
  { app: 'webpack', build: ['webpack'] },
  { app: 'esbuild', build: esbuild('../page.js', 'coppice-worker=coppice/worker') },
  { app: 'rollup', build: ['rollup', '-c'] },
  {
    app: 'bun',
    build: [
      'bun',
      'build',
      '../page.js',
      '../node_modules/coppice/dist/coppice-worker.js',
      '--outdir=dist',
      '--entry-naming=[name].[ext]',
    ],
  },
  { app: 'worker', build: esbuild('../worker.js', 'coppice-worker=coppice/worker') },
  { app: 'client-html' },
  { app: 'client-vite', build: ['vite', 'build', '--base', './'], page: 'client-vite/dist/' },
  { app: 'client-webpack', build: ['webpack'] },
  {
    app: 'client-esbuild',
    build: esbuild('../client.js', 'coppice-worker=coppice/worker', 'coppice-host=coppice/host'),
  },
]
const WITHOUT_WORKERS = [
  { app: 'service-worker', build: esbuild('../service-worker.js'), reason: 'there are no workers here' },
]

let apps: Awaited<ReturnType<typeof installApps>>
let server: Server
let browser: Browser
let origin: string
/** What the plain page says; all others are held to it. */
let expected: string

interface Answer {
  /** The error's message, where there is no engine. */
  readonly message?: string
  readonly text: string
  readonly decisions: readonly string[]
}

beforeAll(async () => {
  const launched = chromium.launch({ executablePath: findChrome(), args: CHROME_ARGS })
  apps = await installApps()
  browser = await launched
  server = createServer(async ({ url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
    const bytes = await readFile(join(apps.folder, path)).catch(() => undefined)
    const headers = {
      'content-type': TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      'content-security-policy': searchParams.get('policy') ?? `${POLICY}; worker-src 'self'`,
    }
    response.writeHead(bytes ? 200 : 404, headers).end(bytes)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('the server has no port')
  origin = `http://127.0.0.1:${address.port}`
  expected = (await open('html/')).answer.text
}, 600_000)

afterAll(async () => {
  await browser?.close()
  server?.close()
  apps?.remove()
})

const builds = new Map<string, Promise<string>>()

/** Makes an app's files, once. */
async function make(app: string, build: readonly string[] | undefined): Promise<void> {
  if (!build) return
  const made = builds.get(app) ?? apps.run(app, build[0] === 'bun' ? [runtime('bun'), ...build.slice(1)] : build)
  builds.set(app, made)
  await made
}

/** What a page answers, the workers that it started, and what its policy had to forbid. */
async function open(path: string) {
  const page = await browser.newPage()
  const workers: string[] = []
  page.on('worker', worker => workers.push(new URL(worker.url()).pathname.split('/').at(-1) ?? ''))
  const report = await answerOf(page, `${origin}/${path}`)
  await page.close()
  return { ...report, workers: new Set(workers) }
}

/** Without asking the page, where Trusted Types would forbid the question. */
async function answerOf(page: Page, url: string) {
  page.setDefaultTimeout(TIMEOUT_MS)
  const answered = new Promise<{ readonly answer: Answer; readonly violations: string[] }>((resolve, reject) => {
    page.on('pageerror', reject)
    void page.exposeFunction('report', resolve)
  })
  await page.addInitScript(() => {
    const violations: string[] = []
    addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective))
    const set = (answer: Promise<unknown>) =>
      answer.then(result => Reflect.get(globalThis, 'report')({ answer: result, violations }))
    Object.defineProperty(globalThis, 'answer', { set })
  })
  await page.goto(url)
  return answered
}

const packedHere = (decisions: readonly string[]) =>
  decisions.filter(line => line.startsWith('weights packed on this thread'))

describe.concurrent('an app answers, packs in workers and leaves a strict policy alone:', {
  timeout: TIMEOUT_MS,
}, () => {
  it.each(PAGES)('$app', async ({ app, build, page = `${app}/` }) => {
    await make(app, build)
    const { answer, workers, violations } = await open(page)
    expect(answer.text).toBe(expected)
    expect(expected).not.toBe('')
    expect(packedHere(answer.decisions)).toEqual([])
    expect([...workers].every(name => /^[\w.-]+$/.test(name))).toBe(true)
    expect(workers.size).toBeGreaterThan(0)
    expect(violations).toEqual([])
  })
})

describe.concurrent('an app without workers answers, and its engine says why it packs on its thread:', {
  timeout: 300_000,
}, () => {
  it.each(WITHOUT_WORKERS)('$app', async ({ app, build, reason }) => {
    await apps.run(app, build)
    const { answer, violations } = await open(`${app}/`)
    expect(answer.text).toBe(expected)
    expect(packedHere(answer.decisions)).toEqual([expect.stringContaining(reason)])
    expect(violations).toEqual([])
  })

  it('a page whose policy forbids workers, which is told of one violation', async () => {
    const { answer, workers, violations } = await open(
      `html/?policy=${encodeURIComponent(`${POLICY}; worker-src 'none'`)}`,
    )
    expect(answer.text).toBe(expected)
    expect(workers.size).toBe(0)
    expect(packedHere(answer.decisions)).toHaveLength(1)
    expect(violations).toHaveLength(1)
  })
})

describe('an app whose engine tabs share answers:', { timeout: TIMEOUT_MS }, () => {
  it.each(['client-vite', 'client-webpack'])('%s', async name => {
    const { app, build, page = `${name}/` } = PAGES.find(({ app }) => app === name) ?? { app: name }
    await make(app, build)
    const { answer, violations } = await open(`${page}?shared`)
    expect(answer.text).toBe(expected)
    // it was shared, as the reason says: such a worker cannot start others
    expect(packedHere(answer.decisions)).toEqual([expect.stringContaining('there are no workers here')])
    expect(violations).toEqual([])
  })

  it('in a service worker, which is stopped: the page is told, and has another engine', async () => {
    const { app, build } = PAGES.find(({ app }) => app === 'client-esbuild') ?? { app: '' }
    await make(app, build)
    const page = await browser.newPage()
    const devtools = await page.context().newCDPSession(page)
    page.on('console', async message => {
      if (message.text() !== 'may be stopped') return
      await devtools.send('ServiceWorker.enable')
      await devtools.send('ServiceWorker.stopAllWorkers')
    })
    const { answer } = await answerOf(page, `${origin}/client-esbuild/?service`)
    await page.close()
    expect(answer).toMatchObject({ lost: 'WorkerFailed', text: expected })
    expect(packedHere(answer.decisions)).toEqual([expect.stringContaining('there are no workers here')])
  })
})

it.concurrent.each(['', 'shared&'])(
  'a page whose policy forbids the worker of its engine is told which directive does: ?%s',
  {
    timeout: TIMEOUT_MS,
  },
  async query => {
    const { answer } = await open(`client-html/?${query}policy=${encodeURIComponent(`${POLICY}; worker-src 'none'`)}`)
    expect(answer).toMatchObject({ name: 'WorkerFailed', message: expect.stringContaining('worker-src') })
    expect(answer.message).toContain("the page's policy forbids it (worker-src)")
  },
)

it.concurrent('an extension’s page answers, with the model in the extension', { timeout: TIMEOUT_MS }, async () => {
  await apps.run('extension', esbuild('../page.js', 'coppice-worker=coppice/worker'))
  await apps.run('extension', ['cp', '-r', '../models', '.'])
  const extension = join(apps.folder, 'extension')
  const context = await chromium.launchPersistentContext('', {
    executablePath: findChrome(),
    args: [...CHROME_ARGS, `--disable-extensions-except=${extension}`, `--load-extension=${extension}`],
    ignoreDefaultArgs: ['--disable-extensions'],
  })
  const page = await context.newPage()
  // the id of an unpacked extension is its folder's hash, in letters from a
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(extension))
  const digits = Buffer.from(hash).toString('hex').slice(0, 32)
  const id = [...digits].map(digit => String.fromCharCode(97 + Number.parseInt(digit, 16))).join('')
  const { answer } = await answerOf(page, `chrome-extension://${id}/index.html`)
  await context.close()
  expect(answer.text).toBe(expected)
  expect(packedHere(answer.decisions)).toEqual([])
})

describe.concurrent('a program answers, whoever collects the garbage:', { timeout: TIMEOUT_MS }, () => {
  it.each([
    ['node', () => ['node', '--expose-gc', 'app.js']],
    ['bun', () => [runtime('bun'), '../node/app.js']],
    ['deno', () => [runtime('deno'), 'run', '-A', '--node-modules-dir=manual', 'app.js']],
  ])('%s', async (name, command) => {
    await apps.run('.', ['cp', '-r', 'models', `${name}/`])
    const { text }: Answer = JSON.parse(await apps.run(name, command()))
    expect(text).toBe(expected)
  })
})

describe.concurrent('the archive', { timeout: TIMEOUT_MS }, () => {
  it('brings nothing but what runs, and no module of Node’s', async () => {
    expect(apps.installed).toEqual(['@huggingface', 'coppice'])
    const dist = join(apps.folder, 'node_modules/coppice/dist')
    const files = (await readdir(dist)).filter(name => name.endsWith('.js'))
    expect(files).toContain('coppice-core.js')
    for (const name of files) {
      expect(await readFile(join(dist, name), 'utf8'), name).not.toMatch(/(?:\bfrom|\bimport\(?)\s*["'`]node:/)
    }
  })

  it('is sound to publint and to arethetypeswrong, which lack CommonJS only', async () => {
    expect(await apps.run('.', ['publint', apps.archive, '--strict'])).toContain('All good')
    await apps.run('.', ['attw', apps.archive, '--profile', 'esm-only'])
  })

  it.each(['typescript-5.6', 'typescript-5.9', 'typescript'])('is read with full checks by %s', async compiler => {
    const where = compiler === 'typescript' ? 'node_modules' : '.artifacts/apps/node_modules'
    const tsc = `${process.cwd()}/${where}/${compiler}/bin/tsc`
    // ours are checked, the compiler's own are not
    const common = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--skipDefaultLibCheck', '--target', 'es2022']
    for (const [module, resolution] of [
      ['esnext', 'bundler'],
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
    ]) {
      await apps.run('.', ['node', tsc, ...common, '--module', module, '--moduleResolution', resolution, 'types.ts'])
    }
  })
})
