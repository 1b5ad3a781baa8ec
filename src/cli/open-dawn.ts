import { SOFTWARE_DAWN } from '../../scripts/chrome.mjs'
import { askNoCompositor, pauseBetweenPolls, probeDawn, softwareDrivers } from '../../scripts/dawn.mjs'
import { UnsupportedDevice } from '../index'

/** The GPU that the `webgpu` package's `create` returned: without a reference the process dies when it is collected. */
let gpu: GPU | undefined

/**
 * WebGPU in this process, on Dawn through the `webgpu` package; the same at every call. Says on stderr what computes.
 * @param toggles names of Dawn toggles to switch on; they count at the first call
 * @throws UnsupportedDevice if the package does not load, or finds nothing to compute on
 */
export async function openDawn(toggles: readonly string[] = []): Promise<GPU> {
  gpu ??= await load(toggles.length > 0 ? [`enable-dawn-features=${toggles.join(',')}`] : [])
  return gpu
}

async function load(flags: string[]): Promise<GPU> {
  // without a GPU whose driver is here, a software driver still gives the right answers
  const found = probeDawn([null, ...softwareDrivers()])
  if ('missing' in found) throw new UnsupportedDevice(`--runtime node: ${found.missing}`)
  if (found.driver) {
    process.env.VK_DRIVER_FILES = found.driver
    pauseBetweenPolls()
  }
  askNoCompositor()
  console.error(`Computing on ${found.name}${found.driver ? ', in software: no GPU with a driver was found' : ''}.`)
  const { create, globals } = await import('webgpu')
  Object.assign(globalThis, globals)
  return create(found.driver ? [...flags, SOFTWARE_DAWN] : flags)
}
