import { softwareDriver } from '../../scripts/dawn.mjs'
import { UnsupportedDevice } from '../index'

/** What the `webgpu` package's `create` returned: without a reference the process dies when it is collected. */
let gpu: GPU | undefined

/**
 * WebGPU in this process, on Dawn through the `webgpu` package; the same at every call.
 * @param toggles names of Dawn toggles to switch on; they count at the first call
 * @throws UnsupportedDevice if the package does not load
 */
export async function openDawn(toggles: readonly string[] = []): Promise<GPU> {
  gpu ??= await load(toggles.length > 0 ? [`enable-dawn-features=${toggles.join(',')}`] : [])
  return gpu
}

async function load(flags: string[]): Promise<GPU> {
  try {
    const { create, globals } = await import('webgpu')
    Object.assign(globalThis, globals)
    const dawn = create(flags)
    if (await dawn.requestAdapter()) return dawn
    // no GPU with a Vulkan driver here: a software driver still gives the right answers
    process.env.VK_DRIVER_FILES ??= softwareDriver() ?? ''
    return create(flags)
  } catch (cause) {
    throw new UnsupportedDevice(
      `--runtime node needs the npm package webgpu, which does not load here: ${String(cause)}`,
      { cause },
    )
  }
}
