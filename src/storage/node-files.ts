import type * as Files from 'node:fs/promises'
import { InvalidRequest } from '../core/errors'

/**
 * The files of this machine, in Node, Deno and Bun. Not by an import, which bundlers for browsers follow wherever it
 * stands, to find nothing there.
 * @throws InvalidRequest in a page
 */
export function nodeFiles(): typeof Files {
  const { process } = globalThis as { readonly process?: Partial<NodeJS.Process> }
  const files = process?.getBuiltinModule?.('node:fs/promises')
  if (files) return files
  throw new InvalidRequest(
    'A folder on disk is read by its path in Node (from 20.16), Deno and Bun only. In a page give a URL, or the folder or files that a user chose.',
  )
}
