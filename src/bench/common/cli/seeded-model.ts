import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** The folder of a seeded model, written at first use. */
export function seededModel(shape: string): string {
  const folder = `.artifacts/models/${shape}`
  if (!existsSync(`${folder}/model.safetensors`)) {
    const script = 'scripts/oracles/write-seeded-model.mjs'
    execFileSync('node', [script, '--shape', shape, '--out', folder], { stdio: ['ignore', 'inherit', 'inherit'] })
  }
  return folder
}
