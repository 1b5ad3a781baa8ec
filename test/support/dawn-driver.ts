import type { TestProject } from 'vitest/node'
import { probeDawn, softwareDrivers } from '../../scripts/dawn.mjs'

declare module 'vitest' {
  interface ProvidedContext {
    /** File of a Vulkan driver; null for whatever the machine has. */
    dawnDriver: string | null
  }
}

/** The driver that the `dawn` project computes with: one on the CPU if there is any, so that machines are alike. */
export default function setup(project: TestProject): void {
  const found = probeDawn([...softwareDrivers(), null])
  if ('missing' in found) throw new Error(found.missing)
  project.provide('dawnDriver', found.driver)
}
