/**
 * One device for all test files of a project, which run in one page or process (`isolate: false` in vite.config.ts):
 * software adapters take longer to compile a model's kernels than to run them, and a device whose pipelines live does not
 * compile the same program again.
 */
import { type Gpu, openGpu } from '../../src/gpu/device'

let opened: Promise<Gpu> | undefined

/** Give it to engines, which leave it as it is. What it refuses meanwhile fails the file. */
export async function sharedDevice(): Promise<GPUDevice> {
  opened ??= open()
  return (await opened).device
}

/** At the end of a file. @throws DeviceLost, or what the device refused in this file; the next file has a new one then */
export async function checkSharedDevice(): Promise<void> {
  const gpu = await opened
  try {
    gpu?.throwIfLost()
  } catch (error) {
    opened = undefined
    gpu?.dispose()
    throw error
  }
}

async function open(): Promise<Gpu> {
  const gpu = await openGpu()
  const { device } = gpu
  const compile = device.createComputePipelineAsync.bind(device)
  const compiled: GPUComputePipeline[] = []
  device.createComputePipelineAsync = async descriptor => {
    const pipeline = await compile(descriptor)
    compiled.push(pipeline)
    return pipeline
  }
  return gpu
}
