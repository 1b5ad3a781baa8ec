import { parseArgs } from 'node:util'
import { checkCheckpoint } from '../engine/open/check-checkpoint'
import { openSource } from '../engine/open/open-source'
import { describeModel, type HubOptions, openCheckpoint, readModelFiles } from '../loader'
import { KNOWN_MODELS } from '../loader/hub/known-models'
import { commandOf } from './option-values'

export const USAGE = `npm run check:hub -- [options] [ids]

Reads the small files and the headers of weights of models on a hub, by default of all those that are known here, and says whether each
loads as it is there today; of known ones, whether it has as many weights as is thought. No weight is read.

  ids             org/name, org/name@revision, org/name:VARIANT
  --host URL      default https://huggingface.co
  --token TOKEN   for gated models; default: HF_TOKEN in the environment

Exit code 0 if all load, 1 if one does not, 2 if the command is wrong.`

interface Command {
  readonly ids: readonly string[]
  readonly hub: HubOptions
}

/** @returns 0 if all models load */
export async function main(args: string[]): Promise<number> {
  const command = commandOf(args, USAGE, parse)
  if (typeof command === 'number') return command
  let numFailed = 0
  for (const id of command.ids) {
    const fault = await check(id, command.hub).catch(error => String(error))
    if (fault !== undefined) numFailed++
    console.log(`${id}: ${fault ?? 'loads'}`)
  }
  console.log(`${command.ids.length - numFailed} of ${command.ids.length} load.`)
  return numFailed > 0 ? 1 : 0
}

function parse(args: string[]): Command {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { host: { type: 'string' }, token: { type: 'string' } },
  })
  const { host, token = process.env.HF_TOKEN } = values
  const ids = positionals.length > 0 ? positionals : KNOWN_MODELS.map(({ id }) => id)
  return { ids, hub: { ...(host && { host }), ...(token && { token }) } }
}

/** The fault of a model that differs from what is known of it, undefined without one; prints the choices that were made. @throws what loading does */
async function check(id: string, hub: HubOptions): Promise<string | undefined> {
  const source = await openSource(id, { hub, cache: false })
  for (const line of source.decisions ?? []) console.log(`${id}: ${line}`)
  const files = await readModelFiles(source)
  const model = await describeModel(files)
  const checkpoint = await openCheckpoint(source, files, model)
  const { weights } = checkCheckpoint(model, checkpoint)
  const known = KNOWN_MODELS.find(each => each.id === id)
  if (!known || known.weights === weights) return undefined
  return `has ${weights} weights, but ${known.weights} are known here (known-models.ts)`
}
