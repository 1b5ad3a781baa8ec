// Finds a Vulkan driver for Dawn (the `webgpu` package) where there may be no GPU.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Drivers that run on a CPU: Mesa's, and the one that comes with Debian's Chromium. */
const SOFTWARE_DRIVERS = ['/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/lib/chromium/vk_swiftshader_icd.json']

/** The file of a software driver; undefined if there is none. */
export function softwareDriver() {
  return SOFTWARE_DRIVERS.find(path => existsSync(path))
}

const PROBE = `
  const { create } = await import('webgpu')
  globalThis.gpu = create([])
  const adapter = await gpu.requestAdapter()
  if (!adapter) throw new Error('it finds no adapter: a Vulkan loader (libvulkan1) or driver is missing')
  const { architecture, description } = adapter.info
  console.log([architecture, description, ...['shader-f16', 'subgroups', 'timestamp-query'].filter(name => adapter.features.has(name))].join(', '))
  process.exit(0)
`

/** What Dawn runs on here: a line about the adapter, or why there is none. Asked in another process, which may crash. */
export function probeDawn() {
  const env = { ...process.env, VK_DRIVER_FILES: process.env.VK_DRIVER_FILES ?? softwareDriver() ?? '' }
  const { status, stdout, stderr } = spawnSync('node', ['--input-type=module', '-e', PROBE], { env, encoding: 'utf8' })
  if (status === 0) return { adapter: stdout.trim() }
  return { missing: /Error: .*/.exec(stderr)?.[0] ?? `the probe ended with status ${status}` }
}
