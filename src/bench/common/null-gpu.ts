/** Behaviours of a GPU that does nothing else. */
export interface NullGpuOptions {
  /** Waits for a readback. Default: no time, so that steps follow each other without a pause. */
  readonly mapAsync?: () => Promise<void>
  /** Makes a pipeline. Default: at once. */
  readonly createComputePipelineAsync?: () => Promise<unknown>
  /** Resolves when the device is lost. Default: never. */
  readonly lost?: Promise<unknown>
}

/**
 * A GPU that does nothing, at once: what is left of an engine's time is that of its own code. Every word read back is a
 * token id that is no special one. `onSubmit` is called after each submit.
 */
export function nullGpu(onSubmit: () => void, options: NullGpuOptions = {}): GPU {
  const { mapAsync = () => Promise.resolve(), lost = new Promise(nothing) } = options
  const { createComputePipelineAsync = () => Promise.resolve({}) } = options
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing }
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, finish: () => ({}) }
  const createBuffer = ({ size }: GPUBufferDescriptor) => {
    return {
      size,
      mapAsync,
      getMappedRange: (_offset: number, bytes: number) => new Uint32Array(bytes / 4).fill(TOKEN).buffer,
      unmap: nothing,
      destroy: nothing,
    }
  }
  const device = {
    limits: LIMITS,
    features: new Set(),
    adapterInfo: INFO,
    lost,
    queue: { writeBuffer: nothing, submit: onSubmit, onSubmittedWorkDone: () => Promise.resolve() },
    addEventListener: nothing,
    pushErrorScope: nothing,
    popErrorScope: () => Promise.resolve(null),
    createBuffer,
    createBindGroupLayout: nothing,
    createBindGroup: () => ({}),
    createShaderModule: nothing,
    createPipelineLayout: nothing,
    createComputePipelineAsync,
    createCommandEncoder: () => encoder,
    destroy: nothing,
  }
  const adapter = { info: INFO, limits: LIMITS, features: new Set(), requestDevice: () => Promise.resolve(device) }
  return { requestAdapter: () => Promise.resolve(adapter) } as unknown as GPU
}

const TOKEN = 100
const INFO = { vendor: 'null', architecture: '', device: '', description: '' }
/** Limits of large GPUs. */
const LIMITS = {
  maxBufferSize: 2 ** 32,
  maxStorageBufferBindingSize: 2 ** 31,
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxStorageBuffersPerShaderStage: 10,
}

function nothing(): undefined {
  return undefined
}
