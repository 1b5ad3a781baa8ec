import { type Browser, chromium, type Page } from 'playwright-core'
import { CHROME_ARGS, ensureChrome } from '../../scripts/chrome.mjs'
import { DeviceLost, UnsupportedDevice } from '../core/errors'
import { type PageServer, type RequestHandler, servePages } from './serve'

/** Chrome's note of a 404. Not an error by itself: a model need not have every file, and says so where it must. */
const ABSENT_FILE = /^Failed to load resource: .* status of 404 /

/**
 * Serves the pages, opens one in headless Chrome, and closes everything when `use` is done with it.
 * @param prepare what must be in place before the page's own scripts run
 * @param handle answers requests of the page that are not for files
 * @throws DeviceLost when the browser or the page goes away meanwhile
 */
export async function withPage<T>(
  path: string,
  prepare: (page: Page) => Promise<void>,
  use: (page: Page, server: PageServer) => Promise<T>,
  handle?: RequestHandler,
): Promise<T> {
  const executablePath = findBrowser()
  const server = await servePages(handle)
  try {
    const browser = await chromium.launch({ executablePath, args: CHROME_ARGS, ...OUR_SIGNALS }).catch(cause => {
      throw new UnsupportedDevice(`${executablePath} does not start: ${String(cause)}`, { cause })
    })
    try {
      return await unlessGone(browser, async onCrash => {
        const page = await browser.newPage()
        page.on('crash', onCrash)
        page.setDefaultTimeout(OPEN_MS)
        page.on('console', message => {
          if (message.type() === 'error' && !ABSENT_FILE.test(message.text())) console.error(message.text())
        })
        await prepare(page)
        await page.goto(server.url(path))
        return use(page, server)
      })
    } finally {
      await browser.close()
    }
  } finally {
    await server.close()
  }
}

/** How long a page may take to open: on a busy machine, building its modules takes more than the usual half a minute. */
const OPEN_MS = 300_000

/** The command hears them itself, and closes the browser when it has what it wants of it. */
const OUR_SIGNALS = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false }

/** Waits for `act`, but no longer than there is a browser, and until a page tells of its crash. @throws DeviceLost */
async function unlessGone<T>(browser: Browser, act: (onCrash: () => void) => Promise<T>): Promise<T> {
  let lose: (what: string) => void = () => undefined
  const gone = new Promise<never>((_, reject) => {
    lose = what => reject(new DeviceLost(what))
  })
  browser.on('disconnected', () => lose(ENDED))
  try {
    return await Promise.race([act(() => lose('The page has crashed, for want of memory perhaps.')), gone])
  } catch (error) {
    // what waits for a page may hear of the end first
    if (error instanceof DeviceLost || browser.isConnected()) throw error
    throw new DeviceLost(ENDED, { cause: error })
  }
}

const ENDED = 'The browser has ended.'

function findBrowser(): string {
  try {
    return ensureChrome()
  } catch (cause) {
    throw new UnsupportedDevice(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
