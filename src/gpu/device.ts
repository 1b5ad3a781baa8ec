import { CoppiceError, DeviceLost, OutOfMemory, UnsupportedDevice } from '../core/errors'
import { bufferBytes } from './usage'

export interface DeviceOptions {
  /**
   * WebGPU's entry point; default `navigator.gpu`. In Node and Bun, what the `webgpu` package's `create()` returns;
   * the engine keeps it for as long as it lives.
   */
  readonly gpu?: GPU
  /**
   * A device of the caller's, used as it is and never destroyed by us. Beside one of the `webgpu` package give `gpu` too,
   * or keep it: without it the device ends the process.
   */
  readonly device?: GPUDevice
  readonly powerPreference?: 'low-power' | 'high-performance'
  /** `default`: ask for WebGPU's default limits and no optional feature (what every device has). Default `adapter`. */
  readonly limits?: 'default' | 'adapter'
}

/** Limits that make the engine faster or its models larger; every one works at WebGPU's default. */
const USED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxStorageBuffersPerShaderStage',
] as const

const USED_FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const satisfies readonly GPUFeatureName[]

/** Vulkan drivers for CPUs, which do not always say that they are a fallback. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe/i

/** The wait for the news that a device is lost, if it rejects something: nothing else is known to, and a busy browser has taken 100 ms. */
const LOST_MS = 5000

/** A GPU device, what it can do, and what we hold on it. */
export class Gpu {
  readonly limits: GPUSupportedLimits
  readonly features: ReadonlySet<string>
  /** One line for people, e.g. `nvidia ampere (NVIDIA RTX A2000)`. */
  readonly adapter: string
  /** Whether the adapter computes on the CPU: a few cores, no wide parallelism to fill. */
  readonly isSoftware: boolean
  /** Settles when the device is gone, with the reason; never rejects. */
  readonly lost: Promise<DeviceLost>
  /** Numbers of what was made so far. */
  readonly made = { buffers: 0, bindGroups: 0, pipelines: 0 }
  readonly #buffers = new Map<GPUBuffer, number>()
  readonly #checks = new Set<Promise<Error | undefined>>()
  #lostError: DeviceLost | undefined
  #uncaught: CoppiceError | undefined
  #bytes = 0
  readonly #isBorrowed: boolean

  constructor(
    readonly device: GPUDevice,
    info: GPUAdapterInfo | undefined,
    isBorrowed: boolean,
    /** Kept, since Dawn's instance goes when this is collected in Node, and whoever uses its device then crashes. */
    readonly origin?: GPU,
  ) {
    this.#isBorrowed = isBorrowed
    this.limits = device.limits
    this.features = device.features as ReadonlySet<string>
    this.adapter = describe(info)
    this.isSoftware = info?.isFallbackAdapter === true || SOFTWARE.test(this.adapter)
    // on a borrowed device an error may be the owner's
    if (!isBorrowed)
      device.addEventListener('uncapturederror', ({ error }) => {
        const isMemory = error.constructor.name === 'GPUOutOfMemoryError'
        const RefusalError = isMemory ? OutOfMemory : CoppiceError
        this.#uncaught ??= new RefusalError(`The GPU refused a command: ${error.message}`)
      })
    this.lost = device.lost.then(({ reason, message }) => {
      this.#lostError = new DeviceLost(
        `The GPU device was lost (${reason}): ${message || 'no reason given'}. Create a new engine.`,
      )
      return this.#lostError
    })
  }

  /** Whether subgroups have 8 threads and no other number, as on Mesa's CPU driver: kernels may share values within them. */
  get hasSubgroupsOf8(): boolean {
    const { subgroupMinSize, subgroupMaxSize } = this.device.adapterInfo
    return this.features.has('subgroups') && subgroupMinSize === 8 && subgroupMaxSize === 8
  }

  /** Bytes of all buffers that live. */
  get allocatedBytes(): number {
    return this.#bytes
  }

  /**
   * A new zeroed buffer of at least 16 bytes, its size rounded up to a multiple of 16.
   * Whether the memory was really there is known later: `settled()` rejects with `OutOfMemory` if not.
   * @throws OutOfMemory when the device's limits rule the size out
   */
  createBuffer(label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const bytes = bufferBytes(size)
    const { maxBufferSize } = this.limits
    if (bytes > maxBufferSize) {
      throw new OutOfMemory(`${label} needs ${bytes} bytes, but this device's buffers end at ${maxBufferSize}.`)
    }
    this.device.pushErrorScope('out-of-memory')
    const buffer = this.device.createBuffer({ label, size: bytes, usage })
    const held = this.#bytes
    this.check(
      this.device.popErrorScope().then(error => {
        if (!error) return undefined
        return new OutOfMemory(
          `The GPU has no room for ${label}, ${bytes} bytes, beside the ${held} bytes held already.`,
        )
      }),
    )
    this.#buffers.set(buffer, bytes)
    this.made.buffers += 1
    this.#bytes += bytes
    return buffer
  }

  destroyBuffer(buffer: GPUBuffer): void {
    this.#bytes -= this.#buffers.get(buffer) ?? 0
    this.#buffers.delete(buffer)
    buffer.destroy()
  }

  /** Adds an asynchronous check whose error the next `settled()` reports. */
  check(result: Promise<Error | undefined>): void {
    this.#checks.add(result)
  }

  /** Waits for all allocations and compilations so far; throws the first error among them. */
  async settled(): Promise<void> {
    const pending = [...this.#checks]
    this.#checks.clear()
    const errors = await Promise.all(pending).catch(error => this.#orLost(error))
    this.throwIfLost()
    for (const error of errors) if (error) throw error
  }

  /** Throws why the GPU did not do what it was asked: it had no memory, or is lost, which it may tell of later; else the error. */
  async explain(error: unknown): Promise<never> {
    await this.settled()
    return this.#orLost(error)
  }

  /** Throws if the device is gone, or has refused a command: nothing computed since can be trusted. */
  throwIfLost(): void {
    if (this.#lostError) throw this.#lostError
    if (this.#uncaught) throw this.#uncaught
  }

  async #orLost(error: unknown): Promise<never> {
    await Promise.race([this.lost, new Promise(resolve => setTimeout(resolve, LOST_MS))])
    this.throwIfLost()
    throw error
  }

  /** Frees every buffer; destroys the device unless it is the caller's. */
  dispose(): void {
    for (const buffer of [...this.#buffers.keys()]) this.destroyBuffer(buffer)
    if (!this.#isBorrowed) this.device.destroy()
  }
}

/** @throws UnsupportedDevice that says what is missing, where */
export async function openGpu(options: DeviceOptions = {}): Promise<Gpu> {
  if (options.device) return new Gpu(options.device, options.device.adapterInfo, true, options.gpu)
  const gpu = options.gpu ?? globalThis.navigator?.gpu
  if (!gpu) {
    throw new UnsupportedDevice(
      'There is no WebGPU here: `navigator.gpu` is missing. Use a current Chrome, Edge, Safari 26 or Firefox over https ' +
        'or localhost; in Node pass `gpu: create([])` from the `webgpu` package.',
    )
  }
  const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference ?? 'high-performance' })
  if (!adapter) {
    throw new UnsupportedDevice('WebGPU is here but offers no adapter: the GPU or its driver is blocked or missing.')
  }
  const modest = options.limits === 'default'
  const requiredLimits = Object.fromEntries(modest ? [] : USED_LIMITS.map(name => [name, adapter.limits[name]]))
  const requiredFeatures = modest ? [] : USED_FEATURES.filter(name => adapter.features.has(name))
  try {
    const device = await adapter.requestDevice({ label: 'coppice', requiredLimits, requiredFeatures })
    return new Gpu(device, adapter.info, false, gpu)
  } catch (cause) {
    throw new UnsupportedDevice(`The adapter ${describe(adapter.info)} gave no device: ${String(cause)}`, { cause })
  }
}

function describe(info: GPUAdapterInfo | undefined): string {
  if (!info) return 'unknown adapter'
  const name = [info.vendor, info.architecture].filter(Boolean).join(' ')
  const detail = info.description || info.device
  return name && detail ? `${name} (${detail})` : name || detail || 'unknown adapter'
}
