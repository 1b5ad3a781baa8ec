// Writes a Hugging Face model folder with seeded weights in the shape of a real model, for tests and benchmarks
// without a download: node scripts/oracles/write-seeded-model.mjs --shape smollm2-135m --out DIR [--seed 1] [--dtype BF16]
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'
import { FAMILY_SHAPES } from './family-shapes.mjs'
import { SHAPES } from './model-shapes.mjs'

const { values: args } = parseArgs({
  options: {
    shape: { type: 'string', default: 'smollm2-135m' },
    out: { type: 'string' },
    seed: { type: 'string', default: '1' },
    dtype: { type: 'string', default: 'BF16' },
    shards: { type: 'string', default: '1' },
  },
})
const shapes = { ...SHAPES, ...FAMILY_SHAPES }
const config = shapes[args.shape]
if (!config || !args.out || !['F32', 'F16', 'BF16'].includes(args.dtype)) {
  console.error(`usage: --shape ${Object.keys(shapes).join('|')} --out DIR [--seed 1] [--dtype F32|F16|BF16] [--shards 1]`)
  process.exit(2)
}

const { module } = await runnerImport(fileURLToPath(new URL('../../test/support/seeded-weights.ts', import.meta.url)))
await mkdir(args.out, { recursive: true })
for (const [file, contents] of module.seededFiles(config, Number(args.seed), args.dtype, Number(args.shards))) {
  await pipeline(Readable.from(contents()), createWriteStream(join(args.out, file)))
}
console.log(`${args.out}: ${args.shape}, seed ${args.seed}, ${args.dtype}`)
