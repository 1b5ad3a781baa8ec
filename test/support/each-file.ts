/** Set-up of each test file that uses a GPU: what the file leaves on the shared device goes, and what it broke fails it. */
import { afterAll } from 'vitest'
import { checkSharedDevice } from './device'
import { releaseTestGpu } from './gpu'

afterAll(async () => {
  await releaseTestGpu()
  await checkSharedDevice()
})
