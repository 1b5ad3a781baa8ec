/** A device for all engines of a test file: software adapters take longer to compile a model's kernels than to run them. */
import { afterAll } from 'vitest'
import { type Gpu, openGpu } from '../../src/gpu/device'

let opened: Promise<Gpu> | undefined

/** Give it to engines, which leave it as it is. What it refuses meanwhile fails the file. */
export async function sharedDevice(): Promise<GPUDevice> {
  opened ??= open()
  return (await opened).device
}

async function open(): Promise<Gpu> {
  const gpu = await openGpu()
  const { device } = gpu
  const compile = device.createComputePipelineAsync.bind(device)
  // the same program is not compiled again while a pipeline of it lives
  const compiled: GPUComputePipeline[] = []
  device.createComputePipelineAsync = async descriptor => {
    const pipeline = await compile(descriptor)
    compiled.push(pipeline)
    return pipeline
  }
  return gpu
}

afterAll(async () => {
  const gpu = await opened
  opened = undefined
  gpu?.throwIfLost()
  gpu?.dispose()
})
