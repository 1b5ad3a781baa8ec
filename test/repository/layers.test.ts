import { describe, expect, it } from 'vitest'
import { importCycles, layerViolations } from './layers'
import { filesIn } from './source-files'

/** What the check says of one made-up file. */
function violations(path: string, text: string): string[] {
  return layerViolations([{ path, text }])
}

describe('the layers', () => {
  const files = filesIn('src', '.ts')

  it('import downwards only', () => {
    expect(files.length).toBeGreaterThan(0)
    expect(layerViolations(files)).toEqual([])
  })

  it('have no cycles', () => {
    expect(importCycles(files)).toEqual([])
  })
})

describe('the check of the layers', () => {
  it.each([
    ['src/core/a.ts', "import { Gpu } from '../gpu/device'"],
    ['src/core/deep/a.ts', "import { Gpu } from '../../gpu/device'"],
    ['src/bench/kernels/a.ts', "import { main } from './cli/main'"],
    ['src/bench/kernels/a.ts', "import { open } from 'node:fs/promises'"],
    ['src/core/a.ts', "import type { Gpu } from '../gpu/device'"],
    ['src/kv/a.ts', "export * from '../gpu/device'"],
    ['src/kv/a.ts', "import {\n  sample,\n  type SampleBuffers,\n} from '../kernels/sample'"],
    ['src/scheduler/a.ts', "import '../model/llama'"],
    ['src/model/a.ts', "import { BlockPool } from '../kv/block-pool'"],
    ['src/sampler/a.ts', "const llama = await import('../model/llama')"],
    ['src/api/a.ts', "import { host } from '../worker/host'"],
    ['src/engine/a.ts', "import { createEngine } from '../index'"],
    ['src/pages/demo/a.ts', "import { Sequence } from '../core/sequence'"],
    ['src/core/a.ts', "import { random } from '../../test/support/random'"],
    ['src/cli/a.ts', "import { random } from '../../test/support/random'"],
    ['src/core/a.ts', "const files = import.meta.glob('../../shaders/*.wgsl')"],
    [
      'src/kernels/a.ts',
      "const files = import.meta.glob('../../shaders/*.wgsl')\n/** A. */\nimport '../kv/b'\n/** B. */",
    ],
    ['src/loader/a.ts', "import { open } from 'node:fs/promises'"],
    ['src/loader/a.ts', "const fs = await import('node:fs/promises')"],
    ['src/engine/a.ts', "import { z } from 'zod'"],
    ['src/utils/a.ts', 'export const one = 1'],
    ['src/engine/a.ts', "document.title = ''"],
    ['src/worker/a.ts', 'if (globalThis.window) stop()'],
  ])('finds the fault in %s: %s', (path, text) => {
    expect(violations(path, text)).toHaveLength(1)
  })

  it.each([
    ['src/kv/a.ts', "import { assert } from '../core/assert'\nimport { BlockPool } from './block-pool'"],
    ['src/engine/a.ts', "import { createSource } from '../loader'"],
    ['src/engine/open/a.ts', "import { createSource } from '../../loader'\nimport { Engine } from '../engine'"],
    ['src/bench/kernels/cli/a.ts', "import { runCase } from '../run'\nimport { readFile } from 'node:fs/promises'"],
    ['src/index.ts', "export { createEngine } from './engine/create-engine'"],
    ['src/pages/demo/a.ts', "import { createEngine } from '../../index'\ndocument.title = ''"],
    ['src/cli/a.ts', "import { readFile } from 'node:fs/promises'\nimport { createEngine } from '../index'"],
    ['src/loader/a.ts', "import type { FileHandle } from 'node:fs/promises'"],
    ['src/kernels/a.ts', "const files = import.meta.glob<string>('../../shaders/*.wgsl')"],
    ['src/core/a.ts', "// import { Gpu } from '../gpu/device'\nthis.window.push(1)"],
  ])('finds none in %s: %s', (path, text) => {
    expect(violations(path, text)).toEqual([])
  })

  it('finds cycles, through folders and types too, and says where they go', () => {
    const file = (path: string, ...targets: string[]) => ({
      path,
      text: targets.map(target => `import type { A } from '${target}'`).join('\n'),
    })
    expect(importCycles([file('src/a.ts', './b', './c'), file('src/b.ts', './c'), file('src/c.ts')])).toEqual([])
    expect(importCycles([file('src/a.ts', './b'), file('src/b.ts', './c'), file('src/c.ts', './b')])).toEqual([
      'src/b.ts > src/c.ts > src/b.ts',
    ])
    expect(importCycles([file('src/x/index.ts', './y'), file('src/x/y.ts', '.')])).toHaveLength(1)
  })
})
