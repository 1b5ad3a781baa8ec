// Finds a Chrome or Chromium, or installs Debian's where we may.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * Dawn without an extension that SwiftShader is slow with, for drivers on a CPU. WGSL's workgroup memory begins as zeros: by the
 * extension every thread of a workgroup writes all of it, and the code for that is compiled; without, each writes its share.
 */
export const SOFTWARE_DAWN = 'disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension'

/** WebGPU in headless Chrome, on a machine that may have no GPU; the rest keeps it from calling home. */
export const CHROME_ARGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  ...(process.env.CHROME_GPU === 'real'
    ? ['--enable-features=Vulkan']
    : ['--use-webgpu-adapter=swiftshader', `--${SOFTWARE_DAWN}`]),
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The browser's path: `CHROME_PATH`, or the first of the usual places; undefined if there is none. */
export function findChrome() {
  const chosen = process.env.CHROME_PATH
  if (chosen && !existsSync(chosen)) throw new Error(`CHROME_PATH names ${chosen}, which does not exist.`)
  return chosen ?? CANDIDATES.find(path => existsSync(path))
}

/**
 * The browser's path, after installing Debian's `chromium` where none is found and we are root. Dawn in Node needs the
 * Vulkan loader, and runs on the software driver that comes with that browser.
 */
export function ensureChrome() {
  const found = findChrome()
  if (found) return found
  const isRoot = process.getuid?.() === 0
  if (!isRoot || !existsSync('/usr/bin/apt-get')) {
    throw new Error('No Chrome or Chromium found. Install one, or set CHROME_PATH to its executable.')
  }
  console.error("No Chrome found: installing Debian's chromium with apt-get …")
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  // containers often have no pseudo-terminals, which it would complain of
  const install = ['install', '-y', '-qq', '-o', 'Dpkg::Use-Pty=0', '--no-install-recommends', 'chromium', 'libvulkan1']
  try {
    execFileSync('apt-get', ['update', '-qq'], quiet)
    execFileSync('apt-get', install, quiet)
  } catch (cause) {
    throw new Error('apt-get could not install chromium. Install a Chrome, or set CHROME_PATH to its executable.', {
      cause,
    })
  }
  const installed = findChrome()
  if (!installed)
    throw new Error('apt-get installed chromium, but no browser stands in the usual places. Set CHROME_PATH.')
  return installed
}
