import type { Gpu } from '../gpu/device'

/** Workgroups that fill a device: a few times its cores, of which WebGPU does not tell the number. */
export function workgroupsToFill({ isSoftware }: Pick<Gpu, 'isSoftware'>): number {
  return isSoftware ? 16 : 512
}
