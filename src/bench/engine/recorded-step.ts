import type { Submitter } from '../kernels/timing'

/** A dispatch as an engine made it, which reads from the engine's buffers. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline
  readonly bindGroup: GPUBindGroup
  /** Place of its parameters in the step's arena, in bytes. */
  readonly offset: number
  readonly grid: readonly [number, number, number]
}

/** The work that an engine gave the GPU in one step. */
export interface RecordedStep {
  readonly device: GPUDevice
  readonly dispatches: readonly Dispatch[]
}

/**
 * Lets an engine work, and returns its last step. WebGPU's own methods take notes meanwhile, so that engines need not know of
 * it; no other engine may work at the same time. The arena keeps that step's parameters and lists until the next step.
 */
export async function recordLastStep(work: () => Promise<unknown>): Promise<RecordedStep> {
  const { createCommandEncoder } = GPUDevice.prototype
  const { setPipeline, setBindGroup, dispatchWorkgroups } = GPUComputePassEncoder.prototype
  let device: GPUDevice | undefined
  let dispatches: Dispatch[] = []
  let pipeline: GPUComputePipeline
  let bound: Pick<Dispatch, 'bindGroup' | 'offset'>
  // a step has an encoder of its own
  GPUDevice.prototype.createCommandEncoder = function (descriptor) {
    device = this
    dispatches = []
    return createCommandEncoder.call(this, descriptor)
  }
  Object.assign(GPUComputePassEncoder.prototype, {
    setPipeline(this: GPUComputePassEncoder, next: GPUComputePipeline) {
      pipeline = next
      setPipeline.call(this, next)
    },
    setBindGroup(this: GPUComputePassEncoder, ...args: [number, GPUBindGroup, Uint32Array, number, number]) {
      const [, bindGroup, offsets, start] = args
      bound = { bindGroup, offset: offsets[start] }
      Reflect.apply(setBindGroup, this, args)
    },
    dispatchWorkgroups(this: GPUComputePassEncoder, x: number, y = 1, z = 1) {
      dispatches.push({ pipeline, ...bound, grid: [x, y, z] })
      dispatchWorkgroups.call(this, x, y, z)
    },
  })
  try {
    await work()
  } finally {
    GPUDevice.prototype.createCommandEncoder = createCommandEncoder
    Object.assign(GPUComputePassEncoder.prototype, { setPipeline, setBindGroup, dispatchWorkgroups })
  }
  if (!device) throw new Error('There was no step to record.')
  return { device, dispatches }
}

/** Repeats dispatches, as many as are asked for in one pass and one submit. */
export class Replay implements Submitter {
  readonly #device: GPUDevice
  #encoder: GPUCommandEncoder | undefined
  #pass: GPUComputePassEncoder | undefined
  #pipeline: GPUComputePipeline | undefined

  constructor(device: GPUDevice) {
    this.#device = device
  }

  dispatch({ pipeline, bindGroup, offset, grid }: Dispatch): void {
    this.#pass ??= this.#encode().beginComputePass()
    if (this.#pipeline !== pipeline) this.#pass.setPipeline(pipeline)
    this.#pipeline = pipeline
    this.#pass.setBindGroup(0, bindGroup, [offset])
    this.#pass.dispatchWorkgroups(...grid)
  }

  async finish(): Promise<void> {
    this.#pass?.end()
    const { queue } = this.#device
    queue.submit([this.#encode().finish()])
    this.#encoder = undefined
    this.#pass = undefined
    this.#pipeline = undefined
    await queue.onSubmittedWorkDone()
  }

  #encode(): GPUCommandEncoder {
    this.#encoder ??= this.#device.createCommandEncoder()
    return this.#encoder
  }
}
