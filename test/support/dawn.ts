/** Set-up of the `dawn` project: puts the `webgpu` package's GPU where a browser has it. */
import { existsSync } from 'node:fs'
import { create, globals } from 'webgpu'

const LAVAPIPE = '/usr/share/vulkan/icd.d/lvp_icd.json'
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
process.env.VK_DRIVER_FILES ??= [LAVAPIPE, SWIFTSHADER].find(path => existsSync(path))

Object.assign(globalThis, globals)
// the property keeps what create() returns alive; without a reference the process dies
Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) }, configurable: true })
