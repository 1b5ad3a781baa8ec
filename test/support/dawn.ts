/**
 * Set-up of the `dawn` project: puts the `webgpu` package's GPU where a browser has it, as the least of devices:
 * WebGPU's default limits and no feature.
 */
import { inject } from 'vitest'
import { create, globals } from 'webgpu'
import { SOFTWARE_DAWN } from '../../scripts/chrome.mjs'

const driver = inject('dawnDriver')
if (driver) process.env.VK_DRIVER_FILES = driver

/** WebGPU's defaults (https://www.w3.org/TR/webgpu/#limits) for what we ask of a device. */
const DEFAULT_LIMITS = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxStorageBuffersPerShaderStage: 8,
}

// kept for the life of the process, which dies when what create() returns is collected; this file runs before each test file
const kept = globalThis as { dawn?: GPU }
kept.dawn ??= create([SOFTWARE_DAWN])
const { dawn } = kept

async function requestAdapter(options?: GPURequestAdapterOptions) {
  const adapter = await dawn.requestAdapter(options)
  if (!adapter) return null
  return {
    info: adapter.info,
    limits: DEFAULT_LIMITS,
    features: new Set(),
    requestDevice: ({ label }: GPUDeviceDescriptor = {}) => adapter.requestDevice({ label }),
  }
}

Object.assign(globalThis, globals)
// while it waits, the package asks for news without a pause by this, and takes a core away from a software adapter
globalThis.setImmediate = ((callback: (...args: unknown[]) => void, ...args: unknown[]) =>
  setTimeout(callback, 1, ...args)) as unknown as typeof setImmediate
Object.defineProperty(globalThis, 'navigator', { value: { gpu: { requestAdapter } }, configurable: true })
