/** The page of src/demo as a user has it: served, opened in a real browser, clicked. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { CHROME_ARGS, findChrome } from '../../../scripts/chrome.mjs'
import { type PageServer, servePages } from '../../../src/cli/serve'

const SHOTS = '.artifacts'
/** A software GPU may need minutes for what a GPU does in a second. */
const SLOW_MS = 280_000

describe('the demo page', { timeout: 300_000 }, () => {
  let server: PageServer
  let browser: Browser
  /** One page with the embedded model, which the tests use in turn: loading it is the slow part. */
  let page: Page
  const faults: string[] = []

  beforeAll(async () => {
    // the pages' configuration is another when vitest reads it
    vi.stubEnv('VITEST', undefined)
    server = await servePages()
    vi.unstubAllEnvs()
    browser = await chromium.launch({ executablePath: findChrome(), args: CHROME_ARGS })
    page = await browser.newPage({ viewport: { width: 1200, height: 1000 } })
    page.setDefaultTimeout(SLOW_MS)
    page.on('pageerror', error => faults.push(String(error)))
    await page.goto(server.url('pages/demo/'))
  }, 300_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  const textOf = (id: string) => page.textContent(`#${id}`)

  it('loads the embedded model at once and says what runs where', async () => {
    await page.waitForSelector('#model-facts:not([hidden]), #model-error:not([hidden])')
    expect(await textOf('model-error')).toBe('')
    expect(await textOf('model-status')).toBe('sprout is ready')
    expect(await textOf('model-facts')).toMatch(/WeightsBF16 as f32, \d+\.\d MiB.*2,048 blocks.*1,024 tokens/)
  })

  it('tells which models the browser keeps, and removes them', async () => {
    await page.evaluate(async () => {
      const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('coppice', { create: true })
      const model = await root.getDirectoryHandle('huggingface.co%2Forg%2Fname', { create: true })
      const writable = await (await model.getFileHandle('0', { create: true })).createWritable()
      await writable.write(new Uint8Array(4096))
      await writable.close()
    })
    await page.click('#model-others summary')
    await page.waitForSelector('#model-cached li')
    expect(await textOf('model-cached')).toBe('huggingface.co/org/name, 4 KiB remove')
    expect(await textOf('model-room')).toMatch(/^this site uses \d+.* · the browser allows about \d+/)
    await page.click('#model-cached button')
    await page.waitForFunction(() => !document.querySelector('#model-cached li'))
    expect(await textOf('model-room')).toMatch(/^No downloaded model is kept/)
    await page.click('#model-others summary')
  })

  it('streams the answer to a prompt', async () => {
    await page.click('#prompt .settings summary')
    await page.fill('#prompt-text', 'Once upon a time, there was a')
    await page.fill('#prompt-max-tokens', '6')
    await page.click('#prompt-run')
    await page.waitForFunction(() =>
      /tokens\/s .* cut/.test(document.querySelector('#prompt-status')?.textContent ?? ''),
    )
    expect(await textOf('prompt-status')).toMatch(/^6 tokens · [\d.]+ tokens\/s · first after [\d.]+ m?s · cut/)
    expect((await textOf('prompt-output'))?.trim()).not.toBe('')
  })

  it('stops when asked to', async () => {
    await page.fill('#prompt-max-tokens', '900')
    // at once: a fast GPU would be done before a second click arrives
    await page.evaluate(() => {
      for (const id of ['prompt-run', 'prompt-stop']) document.getElementById(id)?.click()
    })
    await page.waitForSelector('#prompt-run[aria-disabled=false]')
    expect(await textOf('prompt-status')).toMatch(/stopped$/)
    expect(await page.isHidden('#prompt-error')).toBe(true)
  })

  it('says what is wrong with a setting', async () => {
    await page.fill('#prompt-max-tokens', '')
    await page.click('#prompt-run')
    expect(await page.textContent('#prompt-error:not([hidden])')).toBe('InvalidRequest “Max tokens” holds no number.')
  })

  it('answers many lines together, and hands them out as JSONL', async () => {
    await page.fill('#batch-instruction', 'What is the urgency of the ticket? Use one word: low, normal, high.')
    await page.fill('#batch-lines', 'I cannot log in.\n\nMy lamp is broken, no rush.\nWhere is <b>my</b> parcel?')
    await page.click('#batch .settings summary')
    await page.fill('#batch-max-tokens', '4')
    await page.click('#batch-run')
    await page.waitForFunction(() => /finished$/.test(document.querySelector('#batch-status')?.textContent ?? ''))
    expect(await textOf('batch-status')).toBe('3 of 3 answered · finished')
    expect(await textOf('batch-saving')).toMatch(/^\d\.\d times less to read$/)
    expect(await textOf('batch-counts')).toMatch(/prompts of \d+ tokens, a tree of \d+, \d+ computed$/)
    const answers = await page.locator('#batch-rows .answer').allTextContents()
    expect(answers.map(answer => answer !== '')).toEqual([true, true, true])
    expect(await page.locator('#batch-rows .line').nth(2).textContent()).toBe('Where is <b>my</b> parcel?')

    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#batch-download')])
    const rows = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n')
    const parsed = rows.map(row => JSON.parse(row))
    expect(parsed.map(({ index, prompt }) => [index, prompt])).toEqual([
      [0, 'I cannot log in.'],
      [1, 'My lamp is broken, no rush.'],
      [2, 'Where is <b>my</b> parcel?'],
    ])
    for (const { text, finish_reason } of parsed) {
      expect(text).not.toBe('')
      expect(['stop', 'length']).toContain(finish_reason)
    }
    mkdirSync(SHOTS, { recursive: true })
    await page.screenshot({ path: join(SHOTS, 'demo.png'), fullPage: true })
  })

  it('says why a chosen folder is no model, and keeps the one that works', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'no-model-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'notes.txt'), 'nothing here')
    await page.setInputFiles('#model-folder', folder)
    expect(await page.textContent('#model-error:not([hidden])')).toMatch(/^DownloadFailed .* has no file config\.json/)
    expect(await textOf('model-status')).toMatch(/^no-model-.* is not loaded, sprout is still ready$/)
    expect(await textOf('model-facts')).toContain('WeightsBF16 as f32')
    await page.fill('#prompt-max-tokens', '2')
    await page.click('#prompt-run')
    await page.waitForFunction(() => /^2 tokens/.test(document.querySelector('#prompt-status')?.textContent ?? ''))
  })

  it('loads a model from a dropped folder', async () => {
    const cdp = await page.context().newCDPSession(page)
    const data = { items: [], files: [resolve('public/models/sprout')], dragOperationsMask: 1 }
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
      await cdp.send('Input.dispatchDragEvent', { type, x: 600, y: 500, data })
    }
    await page.waitForFunction(() => document.querySelector('#model-status')?.textContent === 'sprout is ready')
    expect(await page.isHidden('#model-error')).toBe(true)
    expect(await textOf('model-facts')).toContain('WeightsBF16 as f32')
    expect(await page.isEnabled('#batch-run')).toBe(true)
  })

  it('says where WebGPU is missing what to do', async () => {
    const bare = await browser.newPage()
    onTestFinished(() => bare.close())
    await bare.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }))
    await bare.goto(server.url('pages/demo/'))
    expect(await bare.textContent('#model-error:not([hidden])')).toMatch(/^UnsupportedDevice .*Use a current Chrome/)
    expect(await bare.isDisabled('#prompt-run')).toBe(true)
  })

  it('has thrown nothing that nobody caught', () => {
    expect(faults).toEqual([])
  })
})
