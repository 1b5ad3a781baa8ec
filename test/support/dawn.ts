/** Set-up of the `dawn` project: puts the `webgpu` package's GPU where a browser has it. */
import { create, globals } from 'webgpu'
import { softwareDriver } from '../../scripts/dawn.mjs'

process.env.VK_DRIVER_FILES ??= softwareDriver()

Object.assign(globalThis, globals)
// the property keeps what create() returns alive; without a reference the process dies
Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) }, configurable: true })
