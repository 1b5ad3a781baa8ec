// Writes the model on which engines are compared, in the format of each: node scripts/oracles/write-peers-model.mjs DIR
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import { SHAPES } from './model-shapes.mjs'

// tokens are characters there: none begins or ends a text
const { bos_token_id: _bos, eos_token_id: _eos, ...CONFIG } = SHAPES['peers-6m']

const [folder] = process.argv.slice(2)
if (!folder) {
  console.error('usage: node scripts/oracles/write-peers-model.mjs DIR')
  process.exit(2)
}
const { module } = await runnerImport(fileURLToPath(new URL('../../test/support/grid-model.ts', import.meta.url)))
for (const [name, contents] of Object.entries(module.gridFiles(CONFIG, 1))) {
  const file = join(folder, name)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, contents)
}
