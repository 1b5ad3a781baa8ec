import { cpus } from 'node:os'
import type { Page } from 'playwright-core'
import { withPage } from '../../../cli/pages'
import { type PageServer, resolveModel } from '../../../cli/serve'
import { seededModel } from '../../common/cli/seeded-model'
import { figure } from '../../common/figure'
import { count, percent, table } from '../../common/table'
import { chatTable } from './chat-table'
import { tasksOf } from './task-times'

const SECTIONS = { chat: chatTable, frames: framesTable, rows: rowsTable }
type Section = keyof typeof SECTIONS

const USAGE = `npm run bench:people [chat] [frames] [rows]

Measures in headless Chrome what people notice of an engine that works; without a section, all of them.

  chat    a chat beside a background job whose rows reserve more than the KV cache holds
  frames  a page's frames while 8,000 tokens of a prompt are computed, and while 10,000 chats are read
  rows    the page's tasks of more than 50 ms in calls of 100,000 rows`

const FRAMES_TOKENS = 8000
const FRAMES_CHATS = 10_000
const ROWS = 100_000
/** From here on a task is long. */
const LONG_MS = 50

export function main(args: readonly string[]): Promise<number> {
  const isSection = (name: string): name is Section => name in SECTIONS
  const wanted = args.filter(isSection)
  if (wanted.length < args.length) {
    console.log(USAGE)
    return Promise.resolve(args.includes('--help') ? 0 : 2)
  }
  return withPage(
    'bench/people/',
    async () => undefined,
    async (page, server) => {
      await page.waitForFunction(() => 'runRowsCase' in window)
      const adapter = await page.evaluate(async () => (await navigator.gpu.requestAdapter())?.info.description)
      const version = page.context().browser()?.version()
      console.log(`${cpus()[0].model}, ${cpus().length} cores, Chrome ${version}, ${adapter}\n`)
      for (const section of wanted.length > 0 ? wanted : (Object.keys(SECTIONS) as Section[])) {
        console.log(`${await SECTIONS[section](page, server)}\n`)
      }
      return 0
    },
  )
}

/** At 60 Hz there are 16.7 ms between two frames. */
async function framesTable(page: Page, server: PageServer): Promise<string> {
  const sprout = server.modelUrl(resolveModel('sprout'))
  const long = server.modelUrl(resolveModel(seededModel('bench-long')))
  const row = (name: string, gaps: readonly number[]) => {
    const { median, max } = figure(gaps)
    const late = gaps.filter(gap => gap > LONG_MS).length
    const seconds = gaps.reduce((sum, gap) => sum + gap, 0) / 1000
    return [name, seconds.toFixed(1), median.toFixed(1), max.toFixed(0), `${late} (${percent(late / gaps.length)})`]
  }
  const rows = [row('nothing', await page.evaluate(() => window.idleFrames(3000)))]
  for (const place of ['on', 'worker'] as const) {
    const gaps = await page.evaluate(([place, model, chats]) => window.encodeFrames(place, model, chats), [
      place,
      sprout,
      FRAMES_CHATS,
    ] as const)
    rows.push(row(`${count(FRAMES_CHATS)} chats are read, ${place}`, gaps))
  }
  for (const place of ['off', 'on', 'worker'] as const) {
    const gaps = await page.evaluate(([place, model, tokens]) => window.prefillFrames(place, model, tokens), [
      place,
      long,
      FRAMES_TOKENS,
    ] as const)
    rows.push(row(`${count(FRAMES_TOKENS)} tokens are computed, ${place}`, gaps))
  }
  return table(['meanwhile', 's', 'ms between frames, median', 'longest', 'over 50 ms'], rows)
}

async function rowsTable(page: Page, server: PageServer): Promise<string> {
  const model = server.modelUrl(resolveModel('sprout'))
  const browser = page.context().browser()
  if (!browser) throw new Error('the browser is gone')
  const rows: string[][] = []
  for (;;) {
    const name = await page.evaluate(([model, rows]) => window.nextRowsCase(model, rows), [model, ROWS] as const)
    if (name === undefined) break
    const [long, cpuMs] = await tasksOf(browser, () => page.evaluate(() => window.runRowsCase()))
    const longestCpuMs = cpuMs.reduce((most, ms) => Math.max(most, ms), 0)
    const numLong = cpuMs.filter(ms => ms > LONG_MS).length
    rows.push([name, ...[long.ms, longestCpuMs, numLong, long.longestMs, long.count].map(count)])
    console.error(rows.at(-1)?.join(' | '))
  }
  const columns = ['ms', 'longest task: CPU, ms', 'tasks over 50', 'by the clock', 'tasks over 50']
  return table([`${count(ROWS)} rows`, ...columns], rows)
}
