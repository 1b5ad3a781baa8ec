import { nullGpu } from '../../src/bench/common/null-gpu'

/** A GPU that counts the buffers and devices that live. */
export function countingGpu(options: Parameters<typeof nullGpu>[1] = {}) {
  const alive = { buffers: 0, devices: 0 }
  const gpu = nullGpu(() => undefined, options)
  const counted = {
    requestAdapter: async () => {
      const adapter = (await gpu.requestAdapter()) as GPUAdapter
      const requestDevice = async () => {
        const device = await adapter.requestDevice()
        alive.devices++
        const createBuffer = (descriptor: GPUBufferDescriptor) => {
          const buffer = device.createBuffer(descriptor)
          let isAlive = true
          alive.buffers++
          const destroy = () => {
            if (isAlive) alive.buffers--
            isAlive = false
          }
          return { ...buffer, destroy }
        }
        return { ...device, createBuffer, destroy: () => alive.devices-- }
      }
      return { ...adapter, requestDevice }
    },
  } as unknown as GPU
  return { gpu: counted, alive }
}
