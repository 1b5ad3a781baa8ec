import { chromium } from 'playwright-core'
import { CHROME_ARGS, ensureChrome } from '../../scripts/chrome.mjs'
import { UnsupportedDevice } from '../index'
import type { JobRuntime } from './job-runtime'
import { servePages } from './serve'

/** In a page of headless Chrome, served from this machine. */
export const runInChrome: JobRuntime = async (input, events, signal) => {
  const executablePath = findBrowser()
  const server = await servePages()
  const browser = await chromium.launch({ executablePath, args: CHROME_ARGS }).catch(cause => {
    throw new UnsupportedDevice(`${executablePath} does not start: ${String(cause)}`, { cause })
  })
  try {
    const page = await browser.newPage()
    page.on('console', message => {
      if (message.type() === 'error') console.error(message.text())
    })
    await page.exposeFunction('onLoad', events.onLoad)
    await page.exposeFunction('onResponse', events.onResponse)
    await page.exposeFunction('onProgress', events.onProgress)
    await page.goto(server.url('job/'))
    await page.waitForFunction(() => 'runJobInPage' in window)
    signal.addEventListener('abort', () => void page.evaluate(() => window.abortJob()))
    const outcome = await page.evaluate(job => window.runJobInPage(job), {
      ...input,
      model: server.modelUrl(input.model),
    })
    if ('summary' in outcome) return outcome.summary
    throw Object.assign(new Error(outcome.error.message), { name: outcome.error.name })
  } finally {
    await browser.close()
    await server.close()
  }
}

function findBrowser(): string {
  try {
    return ensureChrome()
  } catch (cause) {
    throw new UnsupportedDevice(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
