import { cpus } from 'node:os'
import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { withPage } from '../../../cli/pages'
import { type PageServer, resolveModel } from '../../../cli/serve'
import { figure } from '../../common/figure'
import { count, table } from '../../common/table'
import type { Place } from '../main'

const PAGE = 'bench/worker/'
const PLACES: readonly Place[] = ['page', 'worker']
const ROUNDS = 15
/** Rounds beside a GPU that computes, on which each takes long. */
const REAL_ROUNDS = 3
const STREAMS = 15
const ROWS = 10_000
/** The time between two looks at the heap of a page that is at work. */
const LOOK_MS = 100

/**
 * Measures what it costs that an engine is in a worker, in headless Chrome, with the embedded model: tokens a second and the first token
 * beside those of the engine on the page's thread, on a GPU that does nothing and on the browser's adapter; the heap of that thread; and when
 * a second tab has its first token. `--adapter`: only what the adapter computes.
 */
export function main(args: readonly string[]): Promise<number> {
  return withPage(
    PAGE,
    async () => undefined,
    async (page, server) => {
      const model = server.modelUrl(resolveModel('sprout'))
      const browser = page.context().browser()
      if (!browser) throw new Error('the browser is gone')
      console.log(`${cpus()[0].model}, ${cpus().length} cores, Chrome ${browser.version()}\n`)
      await ready(page)
      console.log(`${await speed(page, model, 'real')}\n`)
      if (args.includes('--adapter')) return 0
      console.log(`${await speed(page, model, 'null')}\n`)
      // tabs of one browser, as people have them; the page that is open is for itself
      const context = await browser.newContext()
      console.log(`${await heaps(context, server, model)}\n`)
      console.log(await secondTab(context, server, model))
      return 0
    },
  )
}

const ready = (page: Page) => page.waitForFunction(() => 'openShared' in window)

async function tabOf(context: BrowserContext, server: PageServer): Promise<Page> {
  const opened = await context.newPage()
  await opened.goto(server.url(PAGE))
  await ready(opened)
  return opened
}

/** Both places take turns, so that what else the machine does meets both. */
async function speed(page: Page, model: string, gpu: 'null' | 'real'): Promise<string> {
  const isNull = gpu === 'null'
  for (const place of PLACES) {
    await page.evaluate(([place, model, isNull]) => (isNull ? window.openNull : window.openReal)(place, model), [
      place,
      model,
      isNull,
    ] as const)
  }
  const measures = {
    'first token, ms': async (place: Place) => {
      const each: number[] = []
      while (each.length < STREAMS) each.push(await page.evaluate(place => window.firstTokenMs(place), place))
      return figure(each).median
    },
    'tokens/s': (place: Place) => page.evaluate(place => window.tokensPerSecond(place, false), place),
    'tokens/s, texts heard': (place: Place) => page.evaluate(place => window.tokensPerSecond(place, true), place),
  }
  const rows: string[][] = []
  for (const [name, measure] of Object.entries(measures)) {
    if (!isNull && name.endsWith('heard')) continue
    const seen: Record<Place, number[]> = { page: [], worker: [] }
    // the first round compiles JavaScript
    for (let round = -1; round < (isNull ? ROUNDS : REAL_ROUNDS); round++) {
      for (const place of round % 2 === 0 ? PLACES : PLACES.toReversed()) {
        const value = await measure(place)
        if (round >= 0) seen[place].push(value)
      }
    }
    const ratios = seen.worker.map((value, round) => value / seen.page[round])
    // what else the machine does can only slow a round down
    const best = name.endsWith('ms') ? Math.min : Math.max
    rows.push([
      name,
      ...[seen.page, seen.worker, ratios].map(range),
      range([best(...seen.worker) / best(...seen.page)]),
    ])
  }
  return table(
    [
      isNull ? 'on a GPU that does nothing' : "on the browser's adapter",
      'page',
      'worker',
      'ratio of the rounds',
      'of the best',
    ],
    rows,
  )
}

function range(values: readonly number[]): string {
  const { median, min, max } = figure(values)
  const [m, a, b] = [median, min, max].map(value => (value < 100 ? value.toPrecision(3) : count(Math.round(value))))
  return values.length === 1 ? m : `${m} (${a} to ${b})`
}

/** A page for each place, whose thread has no engine but that. */
async function heaps(context: BrowserContext, server: PageServer, model: string): Promise<string> {
  const rows: string[][] = []
  for (const place of PLACES) {
    const own = await tabOf(context, server)
    await own.evaluate(([place, model]) => window.openNull(place, model), [place, model] as const)
    await own.evaluate(numRows => window.prepareJob(numRows), ROWS)
    const devtools = await own.context().newCDPSession(own)
    const before = await liveHeap(devtools)
    const [most, live] = await watched(
      devtools,
      own.evaluate(place => window.runJob(place), place),
    )
    rows.push([place, ...[before, live, most - before].map(megabytes)])
    await own.close()
  }
  const columns = ['MB before', 'MB alive in the job', 'MB more than before, garbage too']
  return table([`heap of the page's thread, ${count(ROWS)} rows`, ...columns], rows)
}

/** The largest heap while the work lasts, as it is, and alive: now and then garbage is collected to see. */
async function watched(devtools: CDPSession, work: Promise<unknown>): Promise<[most: number, live: number]> {
  let [most, live, numLooks, isDone] = [0, 0, 0, false]
  const done = work.then(() => {
    isDone = true
  })
  while (!isDone) {
    most = Math.max(most, await usedHeap(devtools))
    if (numLooks++ % 10 === 0) live = Math.max(live, await liveHeap(devtools))
    await Promise.race([done, new Promise(resolve => setTimeout(resolve, LOOK_MS))])
  }
  await done
  return [most, live]
}

async function usedHeap(devtools: CDPSession): Promise<number> {
  return (await devtools.send('Runtime.getHeapUsage')).usedSize
}

async function liveHeap(devtools: CDPSession): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage')
  return usedHeap(devtools)
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

async function secondTab(context: BrowserContext, server: PageServer, model: string): Promise<string> {
  const rows: string[][] = []
  const tabs: Page[] = []
  for (const name of ['first', 'second', 'third', 'one after all were closed']) {
    if (name.includes('closed')) for (const each of tabs) await each.close()
    const tab = await tabOf(context, server)
    tabs.push(tab)
    const [ms, bytes] = await tab.evaluate(model => window.openShared(model), model)
    rows.push([name, ms.toFixed(0), count(bytes)])
  }
  return table(
    ['tab of a shared engine', 'ms from createEngine to the first token', 'bytes made on the GPU so far'],
    rows,
  )
}
