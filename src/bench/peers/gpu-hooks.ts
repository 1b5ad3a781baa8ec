/** Hooks that watch WebGPU in this page and in the workers that it starts, so that a row which claims the GPU can be checked. */

const CHANNEL = 'dispatches'

let numDispatches = 0
let device: GPUDevice | undefined

/** Number of dispatches so far, those of workers too once their messages have come. */
export async function countDispatches(): Promise<number> {
  await new Promise(resolve => setTimeout(resolve, 50))
  return numDispatches
}

/** The device that the engine asked for. */
export function capturedDevice(): GPUDevice {
  if (!device) throw new Error('no WebGPU device has been made in this page')
  return device
}

/** Installs the hooks. @param hidden a part of the names of features that adapters then lack */
export function installHooks(hidden?: string): void {
  const onDispatch = () => {
    numDispatches += 1
  }
  hookDispatches(onDispatch)
  const requestDevice = GPUAdapter.prototype.requestDevice
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    device = await requestDevice.call(this, descriptor)
    return device
  }
  if (hidden) hideFeatures(hidden)
  new BroadcastChannel(CHANNEL).onmessage = ({ data }: MessageEvent<number>) => {
    numDispatches += data
  }
  hookWorkers()
}

/** Hooks dispatches. It is written into workers as text, so it uses nothing but its parameters and globals. */
function hookDispatches(onDispatch: () => void): void {
  const { dispatchWorkgroups: direct, dispatchWorkgroupsIndirect: indirect } = GPUComputePassEncoder.prototype
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (...sizes) {
    onDispatch()
    direct.apply(this, sizes)
  }
  GPUComputePassEncoder.prototype.dispatchWorkgroupsIndirect = function (...place) {
    onDispatch()
    indirect.apply(this, place)
  }
}

/** Tells the page's channel of a worker's dispatches now and then; written into workers as text too. The page has hooks of its own. */
function reportDispatches(channel: string, hook: (onDispatch: () => void) => void): void {
  if ('document' in globalThis) return
  const page = new BroadcastChannel(channel)
  let unsent = 0
  hook(() => {
    unsent += 1
    if (unsent > 1) return
    setTimeout(() => {
      page.postMessage(unsent)
      unsent = 0
    }, 10)
  })
}

/** Hooks workers: those of a library come as a `Blob` of JavaScript, which then begins with the hooks. */
function hookWorkers(): void {
  const prelude = `(${reportDispatches})(${JSON.stringify(CHANNEL)}, ${hookDispatches});\n`
  globalThis.Blob = class extends Blob {
    constructor(parts: BlobPart[] = [], options: BlobPropertyBag = {}) {
      super(options.type === 'text/javascript' ? [prelude, ...parts] : parts, options)
    }
  }
}

function hideFeatures(hidden: string): void {
  const features = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'features')
  if (!features?.get) throw new Error('adapters have no features here')
  const { get } = features
  Object.defineProperty(GPUAdapter.prototype, 'features', {
    get(this: GPUAdapter) {
      return new Set([...(get.call(this) as GPUSupportedFeatures)].filter(name => !name.includes(hidden)))
    },
  })
}
