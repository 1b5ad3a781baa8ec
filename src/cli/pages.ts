import { chromium, type Page } from 'playwright-core'
import { CHROME_ARGS, ensureChrome } from '../../scripts/chrome.mjs'
import { UnsupportedDevice } from '../index'
import { type PageServer, servePages } from './serve'

/** Chrome's note of a 404. Not an error by itself: a model need not have every file, and says so where it must. */
const ABSENT_FILE = /^Failed to load resource: .* status of 404 /

/**
 * Serves the pages, opens one in headless Chrome, and closes everything when `use` is done with it.
 * @param prepare what must be in place before the page's own scripts run
 */
export async function withPage<T>(
  path: string,
  prepare: (page: Page) => Promise<void>,
  use: (page: Page, server: PageServer) => Promise<T>,
): Promise<T> {
  const executablePath = findBrowser()
  const server = await servePages()
  try {
    const browser = await chromium.launch({ executablePath, args: CHROME_ARGS, handleSIGINT: false }).catch(cause => {
      throw new UnsupportedDevice(`${executablePath} does not start: ${String(cause)}`, { cause })
    })
    try {
      const page = await browser.newPage()
      page.on('console', message => {
        if (message.type() === 'error' && !ABSENT_FILE.test(message.text())) console.error(message.text())
      })
      await prepare(page)
      await page.goto(server.url(path))
      return await use(page, server)
    } finally {
      await browser.close()
    }
  } finally {
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
