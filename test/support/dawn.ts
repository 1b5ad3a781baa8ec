/**
 * Set-up of the `dawn` project: puts the `webgpu` package's GPU where a browser has it, as the least of devices:
 * WebGPU's default limits and no feature.
 */
import { inject } from 'vitest'
import { create, globals } from 'webgpu'
import { SOFTWARE_DAWN } from '../../scripts/chrome.mjs'
import { pauseBetweenPolls } from '../../scripts/dawn.mjs'

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
if (!kept.dawn) {
  kept.dawn = create([SOFTWARE_DAWN])
  pauseBetweenPolls()
}
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
Object.defineProperty(globalThis, 'navigator', { value: { gpu: { requestAdapter } }, configurable: true })
