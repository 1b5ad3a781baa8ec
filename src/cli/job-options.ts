import { parseArgs } from 'node:util'
import { CHOICES } from '../engine/choices'
import type { EngineOptions, StudyOptions } from '../index'
import { count, oneOf } from './option-values'

export interface JobCommand {
  readonly input: string
  readonly out: string
  /** Forget what an interrupted run has answered. */
  readonly restart: boolean
  readonly summary: string | undefined
  readonly model: string
  readonly host: string | undefined
  readonly token: string | undefined
  readonly cache: string | undefined
  readonly weights: EngineOptions['weights']
  readonly kv: EngineOptions['kv']
  readonly maxTokens: number | undefined
  readonly tokenBudget: number | undefined
  readonly blocks: number | undefined
  readonly sharing: StudyOptions['sharing']
  readonly attention: StudyOptions['attention']
  readonly order: StudyOptions['order']
  readonly tuning: StudyOptions['tuning']
  readonly runtime: 'chrome' | 'node'
  /** The server that answers instead of an engine of ours. */
  readonly remote: RemoteServer | undefined
}

export interface RemoteServer {
  readonly url: string
  readonly apiKey: string | undefined
  /** Requests under way at once. */
  readonly concurrency: number
  /** The model that is asked for in place of what lines say. */
  readonly model: string | undefined
}

/** A command line that cannot be obeyed. */
export class UsageError extends Error {}

export const USAGE = `npm run job -- [input.jsonl] [options]

Runs a batch of requests (OpenAI Batch JSONL, or bare {"prompt": …} / {"messages": …} lines) and writes the responses.

  input.jsonl            default: examples/tickets.jsonl
  --out FILE             responses, default: beside the input, as input.results.jsonl
                         until all are there they are kept in FILE.part, and the same command goes on from there
  --restart              begin anew, without what an interrupted run has left in FILE.part
  --summary FILE         the summary as JSON
  --model MODEL          an embedded model (sprout), a Hugging Face id (org/name, org/name@revision, org/name:Q4_K_M), a local
                         folder, a GGUF file, or the URL of either; default sprout
  --host URL             where Hugging Face ids are looked up; default https://huggingface.co
  --token TOKEN          access token for it
  --cache FOLDER         keeps what is downloaded, with --runtime node; headless Chrome starts from an empty profile
  --weights ${CHOICES.weights.join('|')}
                         what weights are kept as on the GPU; auto, the default: quantised ones as they are, others exact in
                         a small model, else as narrow as they must be to fit
  --kv ${CHOICES.kv.join('|')}
                         what the KV cache is kept as; auto, the default: exact beside exact weights, else f16 or int8, never
                         int4, an experiment that changes answers
  --max-tokens N         for requests that do not say; default 256
  --token-budget N       most tokens in a step; default 512
  --blocks N             KV cache size in blocks of 16 tokens; default: as many as fit
  --sharing ${CHOICES.sharing.join('|')}
                         what prompts share: nothing; what is there when a prompt's turn comes; one prefix per group;
                         the whole prefix tree; default tree
  --attention ${CHOICES.attention.join('|')}
                         shared blocks are read once where that is cheaper; once; once per sequence; default shared
  --order ${CHOICES.order.join('|')}
                         as given; most output per token to compute first; both ends of that; default: by dry run
  --tuning on|off        time the ways to multiply at load and use the fastest; default on, but off on software adapters
  --runtime chrome|node  headless Chrome, or Node with the webgpu package; default chrome

  --remote URL           send the requests to a server of OpenAI's API instead, such as http://127.0.0.1:8000/v1; --model then
                         says its name for the model, default: what lines say, else the first that it lists
  --api-key-env NAME     the environment variable that holds its key
  --concurrency N        requests under way at once; default 16

Exit codes: 0 all answered · 1 some requests failed, see their lines · 2 bad command line, input or output file
            3 the model cannot be read or run · 4 no browser or no WebGPU device, or it went away; the server
              of --remote cannot be reached, or refuses the key
            5 a fault of ours · 6 answers cannot be written, for want of space perhaps
            129, 130, 143 ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM
With 3 to 143, what was answered is in FILE.part, and the same command goes on with the rest. It must have the same
--model, --host, --max-tokens, --weights, --kv and --remote, on which answers depend; requests whose lines have changed, and those
that had failed, are run again.`

/** @throws UsageError that names the option and what it takes */
export function parseJobCommand(args: string[]): JobCommand {
  try {
    return commandFrom(parse(args))
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function commandFrom({ values, positionals }: ReturnType<typeof parse>): JobCommand {
  if (positionals.length > 1)
    throw new Error(`One input file at a time, not ${positionals.length}: ${positionals.join(' ')}`)
  const remote = remoteFrom(values)
  if (values.cache !== undefined && values.runtime !== 'node') throw new Error('--cache needs --runtime node.')
  const input = positionals[0] ?? 'examples/tickets.jsonl'
  return {
    input,
    out: values.out ?? `${input.replace(/\.jsonl?$/, '')}.results.jsonl`,
    restart: values.restart,
    summary: values.summary,
    model: values.model ?? 'sprout',
    host: values.host,
    token: values.token,
    cache: values.cache,
    weights: oneOfOrNone('--weights', values.weights, CHOICES.weights),
    kv: oneOfOrNone('--kv', values.kv, CHOICES.kv),
    maxTokens: countOrNone('--max-tokens', values['max-tokens']),
    tokenBudget: countOrNone('--token-budget', values['token-budget']),
    blocks: countOrNone('--blocks', values.blocks),
    sharing: oneOfOrNone('--sharing', values.sharing, CHOICES.sharing),
    attention: oneOfOrNone('--attention', values.attention, CHOICES.attention),
    order: oneOfOrNone('--order', values.order, CHOICES.order),
    tuning: switchOf('--tuning', values.tuning),
    runtime: oneOf('--runtime', values.runtime ?? 'chrome', ['chrome', 'node']),
    remote,
  }
}

/** Options that say what an engine of ours does. */
const ENGINE_ONLY = [
  ...(['host', 'token', 'cache', 'weights', 'kv', 'token-budget', 'blocks'] as const),
  ...(['sharing', 'attention', 'order', 'tuning', 'runtime'] as const),
]

function remoteFrom(values: ReturnType<typeof parse>['values']): RemoteServer | undefined {
  const { remote: url, model, concurrency, 'api-key-env': keyName } = values
  if (url === undefined) {
    const [lost] = (['concurrency', 'api-key-env'] as const).filter(name => values[name] !== undefined)
    if (lost) throw new Error(`--${lost} needs --remote.`)
    return undefined
  }
  const [lost] = ENGINE_ONLY.filter(name => values[name] !== undefined)
  if (lost) throw new Error(`--${lost} is for an engine of this machine, not for --remote.`)
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw new Error(`--remote is ${url}, but must be an http address.`)
  return {
    url,
    model,
    apiKey: apiKeyFrom(keyName, process.env),
    concurrency: concurrency === undefined ? 16 : count('--concurrency', concurrency),
  }
}

/** The key that an environment variable holds: on a command line everybody on the machine could read it. */
export function apiKeyFrom(name: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (name === undefined) return undefined
  const key = env[name]?.trim()
  if (!key) throw new Error(`--api-key-env names ${name}, but that environment variable is not set.`)
  return key
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      restart: { type: 'boolean', default: false },
      summary: { type: 'string' },
      model: { type: 'string' },
      host: { type: 'string' },
      token: { type: 'string' },
      cache: { type: 'string' },
      weights: { type: 'string' },
      kv: { type: 'string' },
      'max-tokens': { type: 'string' },
      'token-budget': { type: 'string' },
      blocks: { type: 'string' },
      sharing: { type: 'string' },
      attention: { type: 'string' },
      order: { type: 'string' },
      tuning: { type: 'string' },
      runtime: { type: 'string' },
      remote: { type: 'string' },
      'api-key-env': { type: 'string' },
      concurrency: { type: 'string' },
    },
  })
}

export function oneOfOrNone<const T extends string>(
  name: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  return value === undefined ? undefined : oneOf(name, value, allowed)
}

function switchOf(name: string, value: string | undefined): boolean | undefined {
  const choice = oneOfOrNone(name, value, ['on', 'off'])
  return choice === undefined ? undefined : choice === 'on'
}

export function countOrNone(name: string, value: string | undefined): number | undefined {
  return value === undefined ? undefined : count(name, value)
}
