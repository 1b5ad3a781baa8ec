import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { BenchOptions } from '../bench/measure'
import { reportText } from '../bench/report'
import { withPage } from './pages'
import { resolveModel } from './serve'

const USAGE = `npm run bench -- [options]

First token and decode rates in headless Chrome, on a model with seeded weights (speed does not depend on their values).

  --shape NAME           of the seeded model: peers-6m (default), smollm2-135m, smollm2-360m, llama-3.2-1b
  --model MODEL          measure this model instead: embedded name, Hugging Face id, URL or local folder
  --weights f32|f16      default f32
  --rounds N             runs behind each median; default 5
  --json FILE            the report as JSON`

export async function main(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return 0
  }
  const { values } = parseArgs({
    args,
    options: {
      shape: { type: 'string', default: 'peers-6m' },
      model: { type: 'string' },
      weights: { type: 'string', default: 'f32' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
    },
  })
  const model = resolveModel(values.model ?? seededModel(values.shape))
  const weights = values.weights === 'f16' ? 'f16' : 'f32'
  const report = await withPage(
    'bench/',
    async page => {
      await page.addInitScript(() => {
        window.isDriven = true
      })
    },
    async (page, server) => {
      await page.waitForFunction(() => 'runBench' in window)
      const options: BenchOptions = {
        model: server.modelUrl(model),
        engine: { weights },
        rounds: Number(values.rounds),
      }
      return page.evaluate(given => window.runBench(given), options)
    },
  )
  const named = { ...report, model: values.model ?? `${values.shape}, seeded` }
  console.log(reportText(named))
  if (values.json) await writeFile(values.json, `${JSON.stringify(named, undefined, 2)}\n`)
  return 0
}

/** The folder of a seeded model, written at first use. */
function seededModel(shape: string): string {
  const folder = `.artifacts/models/${shape}`
  if (!existsSync(`${folder}/model.safetensors`)) {
    const script = 'scripts/oracles/write-seeded-model.mjs'
    execFileSync('node', [script, '--shape', shape, '--out', folder], { stdio: ['ignore', 'inherit', 'inherit'] })
  }
  return folder
}
