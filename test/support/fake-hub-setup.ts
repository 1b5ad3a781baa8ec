import type { TestProject } from 'vitest/node'
import { startFakeHub } from './fake-hub'

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the fake hub. */
    hubUrl: string
  }
}

/** For tests in a browser: runs the fake hub beside it. */
export async function setup(project: TestProject): Promise<() => void> {
  const hub = await startFakeHub()
  project.provide('hubUrl', hub.url)
  return () => hub.close()
}
