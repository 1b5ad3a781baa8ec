// Finds out what Dawn (the `webgpu` package) computes on here, where there may be no GPU, no Vulkan driver, or not even a loader.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findChrome } from './chrome.mjs'

/** Drivers that run on a CPU: Mesa's, in the name it has in newer and in older packages, and the one that comes with a browser. */
export function softwareDrivers() {
  const chrome = findChrome()
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch
  return [
    '/usr/share/vulkan/icd.d/lvp_icd.json',
    `/usr/share/vulkan/icd.d/lvp_icd.${machine}.json`,
    ...[chrome && dirname(realpathSync(chrome)), '/usr/lib/chromium'].map(
      folder => folder && join(folder, 'vk_swiftshader_icd.json'),
    ),
  ].filter(path => path && existsSync(path))
}

/** A layer of Mesa's asks the compositor which GPU it shows, and where there is none complains of that on stderr. */
export function askNoCompositor() {
  const { XDG_RUNTIME_DIR, MESA_VK_DEVICE_SELECT } = process.env
  if (!XDG_RUNTIME_DIR && !MESA_VK_DEVICE_SELECT) process.env.NODEVICE_SELECT ??= '1'
}

/**
 * While it waits, the package asks Dawn for news by `setImmediate`, without a pause: that takes a core away from an adapter that
 * computes on them. Here its callbacks, which are native, have a millisecond between them; all others stay as they are.
 */
export function pauseBetweenPolls() {
  const { setImmediate } = globalThis
  globalThis.setImmediate = (callback, ...args) =>
    `${callback}`.endsWith('{ [native code] }') ? setTimeout(callback, 1, ...args) : setImmediate(callback, ...args)
}

// an old driver of Mesa's is there, but Dawn does not take it: so each is tried
const PROBE = `
  const { create } = await import('webgpu')
  const alive = []
  for (const driver of JSON.parse(process.argv[1])) {
    if (driver !== null) process.env.VK_DRIVER_FILES = driver
    const gpu = create([])
    alive.push(gpu)
    const adapter = await gpu.requestAdapter()
    if (!adapter) continue
    const { description, device, architecture } = adapter.info
    const features = ['shader-f16', 'subgroups', 'timestamp-query'].filter(name => adapter.features.has(name))
    console.log(JSON.stringify({ driver, name: description || device || architecture, features }))
    break
  }
  process.exit(0)
`

/**
 * The first of `drivers` that Dawn finds an adapter with: files of Vulkan drivers, or null for whatever the machine has.
 * `{ driver, name, features }`, or `{ missing }`, which says what is, and what to do. Asked in another
 * process: Dawn writes to stderr of each driver that it does not find or does not take, and may crash.
 */
export function probeDawn(drivers) {
  // who names a driver means it
  const asked = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES ? [null] : drivers
  const args = ['--input-type=module', '-e', PROBE, JSON.stringify(asked)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: new URL('..', import.meta.url),
    encoding: 'utf8',
  })
  if (stdout) return JSON.parse(stdout)
  if (status === 0) {
    return {
      missing:
        'Dawn finds no adapter. It needs a Vulkan loader and a driver; on Debian and Ubuntu `apt-get install libvulkan1 ' +
        'mesa-vulkan-drivers`, or, without a GPU, libvulkan1 and chromium, whose software driver will do.',
    }
  }
  return {
    missing: `the npm package webgpu does not work here: ${/^.*Error.*$/m.exec(stderr)?.[0] ?? `status ${status}`}`,
  }
}
