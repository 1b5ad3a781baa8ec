import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium, type Page } from 'playwright-core'
import { CHROME_ARGS, ensureChrome } from '../../scripts/chrome.mjs'

/** A headless Chrome that can be killed, and started again on what it has left. */
export class KillableBrowser {
  readonly #folder = mkdtempSync(join(tmpdir(), 'coppice-kill-'))
  #process: ChildProcess | undefined
  #browser: Browser | undefined

  /** A new page at an address, in the browser that runs or a new one. */
  async open(url: string): Promise<Page> {
    this.#browser ??= await this.#start()
    const page = await this.#browser.contexts()[0].newPage()
    await page.goto(url)
    return page
  }

  /** Ends the browser's processes as the system does that needs their memory. */
  async kill(): Promise<void> {
    const { exitCode } = this.#process ?? {}
    const ended = exitCode === null && new Promise(resolve => this.#process?.once('exit', resolve))
    this.#process?.kill('SIGKILL')
    await ended
    await this.#browser?.close().catch(() => undefined)
    this.#process = undefined
    this.#browser = undefined
  }

  async close(): Promise<void> {
    await this.kill()
    // its other processes may write for a moment yet
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }

  async #start(): Promise<Browser> {
    const port = join(this.#folder, 'DevToolsActivePort')
    rmSync(port, { force: true })
    const args = ['--headless=new', `--user-data-dir=${this.#folder}`, '--remote-debugging-port=0', ...CHROME_ARGS]
    this.#process = spawn(ensureChrome(), [...args, 'about:blank'], { stdio: 'ignore' })
    while (!existsSync(port) || !readFileSync(port, 'utf8').includes('\n')) {
      if (this.#process.exitCode !== null) throw new Error(`Chrome ended with ${this.#process.exitCode}`)
      await sleep(50)
    }
    return chromium.connectOverCDP(`http://127.0.0.1:${readFileSync(port, 'utf8').split('\n')[0]}`)
  }
}
