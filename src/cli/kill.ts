import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import type { KillSetup } from '../pages/kill/main'
import { KillableBrowser } from './kill-browser'
import { count, oneOf } from './option-values'
import { resolveModel, servePages } from './serve'

const KINDS = ['tab', 'worker', 'browser', 'device', 'storage', 'network'] as const
type Kind = (typeof KINDS)[number]

export const USAGE = `npm run kill -- [options]

Ends a job again and again at random points, each time in one way, and holds that it comes to the same end as one that nobody disturbs:
every row answered once, and the output equal but for times.

  --rows N               rows of each job; default 500
  --kills N              times that each job is ended; default 20
  --kinds A,B            ${KINDS.join(', ')}; default: all
                         tab closed; engine's worker terminated; browser's process killed; device lost; storage full; network gone
                         while the model loads
  --gpu null|real        a GPU that computes nothing and answers by the request, or the one that there is; default null
  --model MODEL          default sprout
  --seed N               of the random points; default: another each time, which is printed`

/** @returns 0 if all jobs came to their end */
export async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return 0
  }
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: 'string', default: '500' },
      kills: { type: 'string', default: '20' },
      kinds: { type: 'string', default: KINDS.join(',') },
      gpu: { type: 'string', default: 'null' },
      model: { type: 'string', default: 'sprout' },
      seed: { type: 'string', default: String(Date.now() % 1e6) },
    },
  })
  const kinds = values.kinds.split(',').map(kind => oneOf('--kinds', kind, KINDS))
  const isNull = oneOf('--gpu', values.gpu, ['null', 'real']) === 'null'
  const [rows, kills] = [count('--rows', values.rows), count('--kills', values.kills)]
  const random = seeded(Number(values.seed))
  console.log(`seed ${values.seed}`)
  const server = await servePages()
  const browser = new KillableBrowser()
  try {
    const url = server.url('pages/kill/')
    const model = server.modelUrl(resolveModel(values.model))
    const setup = (id: string, isInWorker: boolean) => ({ id, model, rows, isNull, isInWorker })
    const began = Date.now()
    const expected = timeless((await undisturbed(browser, url, setup('undisturbed', false))).output)
    console.log(`undisturbed: ${rows} rows in ${Date.now() - began} ms`)
    for (const kind of kinds) {
      const kindBegan = Date.now()
      const points: number[] = []
      const { output, ids } = await killed(kind, browser, url, setup(kind, kind === 'worker'), kills, random, points)
      const faults = [
        ...(new Set(ids).size === rows ? [] : [`${new Set(ids).size} of ${rows} rows`]),
        ...(ids.length === new Set(ids).size ? [] : ['rows answered twice']),
        ...(timeless(output) === expected ? [] : ['another output']),
      ]
      const seconds = ((Date.now() - kindBegan) / 1000).toFixed(1)
      console.log(
        `${kind}: ended ${points.length} times, at rows ${points.join(' ')}, in ${seconds} s: ${faults.join(', ') || 'equal'}`,
      )
      if (faults.length > 0) return 1
    }
    return 0
  } finally {
    await browser.close()
    await server.close()
  }
}

type Ended = Exclude<Awaited<ReturnType<Window['endOfJob']>>, string>

async function undisturbed(browser: KillableBrowser, url: string, setup: KillSetup): Promise<Ended> {
  const page = await browser.open(url)
  await begin(page, setup)
  return ended(page)
}

/** Ends a job so many times, and lets it come to its end. `points`: the rows answered at each. */
async function killed(
  kind: Kind,
  browser: KillableBrowser,
  url: string,
  setup: KillSetup,
  kills: number,
  random: () => number,
  points: number[],
): Promise<Ended> {
  let page = await browser.open(url)
  await begin(page, setup)
  for (let kill = 0; kill < kills; kill++) {
    const target = Math.floor((setup.rows * (kill + random())) / (kills + 1))
    points.push(await untilAnswered(page, target))
    await sleep(random() * 100)
    page = await END[kind](page, browser, url, setup, random)
  }
  return ended(page)
}

/** Ends a job in its way, and opens it again. */
const END: Readonly<
  Record<
    Kind,
    (page: Page, browser: KillableBrowser, url: string, setup: KillSetup, random: () => number) => Promise<Page>
  >
> = {
  async tab(page, browser, url, setup) {
    await page.close()
    const next = await browser.open(url)
    await begin(next, setup)
    return next
  },

  async browser(_, browser, url, setup) {
    await browser.kill()
    const next = await browser.open(url)
    await begin(next, setup)
    return next
  },

  worker: loseEngine,
  device: loseEngine,

  async storage(page) {
    const devtools = await page.context().newCDPSession(page)
    const origin = new URL(page.url()).origin
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 })
    const error = await page.evaluate(() => window.endOfJob())
    await devtools.send('Storage.overrideQuotaForOrigin', { origin })
    // one that had nothing left to write has come to its end
    if (typeof error !== 'string') return page
    if (error !== 'StorageFull') throw new Error(`storage is full, but the job says ${error}`)
    await page.evaluate(() => window.resumeJob())
    await devtools.detach()
    return page
  },

  async network(page, browser, url, setup, random) {
    await page.close()
    const next = await browser.open(url)
    const devtools = await next.context().newCDPSession(next)
    const offline = (isOffline: boolean) =>
      devtools.send('Network.emulateNetworkConditions', {
        offline: isOffline,
        latency: 0,
        // so slow that a load is not over before it is cut off
        downloadThroughput: isOffline ? -1 : 1e6,
        uploadThroughput: -1,
      })
    await devtools.send('Network.enable')
    await offline(false)
    const loading = next.evaluate(given => window.loadForJob(given), setup)
    await sleep(random() * 300)
    await offline(true)
    await sleep(200)
    await devtools.send('Network.disable')
    const error = await loading
    // TypeError is the platform's, for a module that is loaded when it is needed
    if (![undefined, 'DownloadFailed', 'TypeError'].includes(error)) {
      throw new Error(`the network is gone, but loading says ${error}`)
    }
    await next.reload()
    await begin(next, setup)
    return next
  },
}

async function loseEngine(page: Page, _: KillableBrowser, __: string, setup: KillSetup): Promise<Page> {
  await page.evaluate(() => window.loseEngine())
  const error = await page.evaluate(() => window.endOfJob())
  if (typeof error === 'string' && !['DeviceLost', 'WorkerFailed', 'Disposed'].includes(error)) {
    throw new Error(`the engine is lost, but the job says ${error}`)
  }
  await begin(page, setup)
  return page
}

async function begin(page: Page, setup: KillSetup): Promise<void> {
  await page.waitForFunction(() => 'endOfJob' in window)
  const error = await page.evaluate(given => window.loadForJob(given), setup)
  if (error !== undefined) throw new Error(`the model does not load: ${error}`)
  await page.evaluate(given => window.beginJob(given), setup)
}

async function untilAnswered(page: Page, target: number): Promise<number> {
  for (;;) {
    const progress = await page.evaluate(() => window.jobProgress())
    if (progress && (progress.done >= target || progress.state !== 'running')) return progress.done
    await sleep(10)
  }
}

async function ended(page: Page): Promise<Ended> {
  const end = await page.evaluate(() => window.endOfJob())
  if (typeof end === 'string') throw new Error(`the job ends with ${end}`)
  await page.close()
  return end
}

function timeless(output: string): string {
  return output.replace(/"created":\d+/g, '"created":0')
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
