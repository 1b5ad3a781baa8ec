import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects what building the pages has left of garbage, and keeps V8's young generation as small as it begins: for a command
 * that only carries lines and answers between a file and a page, which has the engine and its garbage.
 */
export function shrinkHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
