import { UnsupportedDevice } from '../core/errors'
import type { Gpu } from './device'
import {
  linkShader,
  reflectShader,
  type ShaderInterface,
  type ShaderSource,
  type ShaderVariant,
  variantName,
} from './shader'
import { COMPUTE } from './usage'

/** A whole buffer, or a part of it (offset a multiple of 256, in bytes). */
export type Binding = GPUBuffer | { readonly buffer: GPUBuffer; readonly offset: number; readonly size: number }

/** A kernel with its buffers: what a step dispatches. Made once, at load. */
export interface Call {
  readonly kernel: Kernel
  readonly bindGroup: GPUBindGroup
}

/** A compiled shader variant. Its binding 0 is `params`, a uniform at a dynamic offset of the step's arena. */
export class Kernel {
  /** Set once `Gpu.settled()` has resolved. */
  pipeline!: GPUComputePipeline
  readonly name: string
  readonly shader: ShaderInterface
  /** Bytes of `struct Params`, padded to 16. */
  readonly paramsBytes: number
  readonly #layout: GPUBindGroupLayout
  readonly #gpu: Gpu

  constructor(gpu: Gpu, source: ShaderSource, variant: ShaderVariant) {
    this.#gpu = gpu
    const { device } = gpu
    const code = linkShader(source, variant)
    this.name = variantName(variant)
    this.shader = reflectShader(code)
    this.paramsBytes = Math.ceil(this.shader.params.length / 4) * 16
    device.pushErrorScope('validation')
    const entries = [...this.shader.bindings.values()].map(({ index, type }) => ({
      binding: index,
      visibility: COMPUTE,
      buffer: { type, hasDynamicOffset: type === 'uniform' },
    }))
    this.#layout = device.createBindGroupLayout({ label: this.name, entries })
    const module = device.createShaderModule({ label: this.name, code })
    const layout = device.createPipelineLayout({ label: this.name, bindGroupLayouts: [this.#layout] })
    gpu.made.pipelines += 1
    const compiled = device.createComputePipelineAsync({
      label: this.name,
      layout,
      compute: { module, entryPoint: 'main' },
    })
    const scope = device.popErrorScope()
    gpu.check(this.#compile(compiled, scope, module, code))
  }

  async #compile(
    compiled: Promise<GPUComputePipeline>,
    scope: Promise<GPUError | null>,
    module: GPUShaderModule,
    code: string,
  ): Promise<Error | undefined> {
    try {
      this.pipeline = await compiled
      const invalid = await scope
      return invalid ? new UnsupportedDevice(`Kernel ${this.name} is invalid here: ${invalid.message}`) : undefined
    } catch (cause) {
      await scope
      const { messages } = await module.getCompilationInfo()
      const lines = code.split('\n')
      const errors = messages
        .filter(message => message.type === 'error')
        .map(({ lineNum, message }) => `line ${lineNum}: ${message}\n    ${lines[lineNum - 1] ?? ''}`)
      const reason = errors.length > 0 ? errors.join('\n') : String(cause)
      return new UnsupportedDevice(`Kernel ${this.name} does not compile on ${this.#gpu.adapter}:\n${reason}`, {
        cause,
      })
    }
  }

  /** Binds buffers to the shader's variables by name; every variable but `params` must be given, and no other. */
  bind(arena: GPUBuffer, buffers: Readonly<Record<string, Binding>>): Call {
    const given = new Set(Object.keys(buffers))
    const entries = [...this.shader.bindings].map(([name, { index, type }]) => {
      if (type === 'uniform') return { binding: index, resource: { buffer: arena, size: this.paramsBytes } }
      const binding = buffers[name]
      if (!given.delete(name)) throw new Error(`kernel ${this.name}: no buffer for ${name}`)
      return { binding: index, resource: 'buffer' in binding ? binding : { buffer: binding } }
    })
    if (given.size > 0) throw new Error(`kernel ${this.name} has no variable ${[...given].join(', ')}`)
    this.#gpu.made.bindGroups += 1
    const bindGroup = this.#gpu.device.createBindGroup({ label: this.name, layout: this.#layout, entries })
    return { kernel: this, bindGroup }
  }
}

/** All kernels of an engine: each variant is compiled once. */
export class KernelCache {
  readonly #kernels = new Map<string, Kernel>()
  readonly #gpu: Gpu
  readonly #source: ShaderSource

  constructor(gpu: Gpu, source: ShaderSource) {
    this.#gpu = gpu
    this.#source = source
  }

  /** Starts compiling on first use; ready once `Gpu.settled()` has resolved. */
  get(variant: ShaderVariant): Kernel {
    const name = variantName(variant)
    let kernel = this.#kernels.get(name)
    if (!kernel) {
      kernel = new Kernel(this.#gpu, this.#source, variant)
      this.#kernels.set(name, kernel)
    }
    return kernel
  }
}
