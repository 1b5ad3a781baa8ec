import { parseArgs } from 'node:util'
import { CHOICES } from '../engine/choices'
import type { EngineOptions } from '../index'
import { apiKeyFrom, countOrNone, oneOfOrNone, UsageError } from './job-options'
import { count, oneOf } from './option-values'

export interface ServeCommand {
  readonly port: number
  readonly apiKey: string | undefined
  readonly model: string
  readonly maxTokens: number | undefined
  readonly engine: ServeEngineOptions
  readonly runtime: 'chrome' | 'node'
}

/** The engine's options as the command line gives them: plain data. */
export type ServeEngineOptions = Pick<
  EngineOptions,
  'hub' | 'cache' | 'weights' | 'kv' | 'contextLength' | 'tokenBudget' | 'blocks'
>

export const SERVE_USAGE = `npm run serve -- [options]

Serves a model to programs on this machine as OpenAI's API does: POST /v1/chat/completions, POST /v1/completions, GET /v1/models.

  --port N               on the loopback address; default 8000, 0 for any that is free
  --api-key-env NAME     ask for the key that this environment variable holds, as a bearer token; default: ask for none
  --model MODEL          an embedded model (sprout), a Hugging Face id (org/name, org/name@revision, org/name:Q4_K_M), a local
                         folder, a GGUF file, or the URL of either; default sprout
  --host URL             where Hugging Face ids are looked up; default https://huggingface.co
  --token TOKEN          access token for it
  --cache FOLDER         keeps what is downloaded, with --runtime node; headless Chrome starts from an empty profile
  --weights ${CHOICES.weights.join('|')}
  --kv ${CHOICES.kv.join('|')}
                         what weights and KV cache are kept as; default auto
  --max-tokens N         for requests that do not say; default 1024 in a chat, 16 in a completion
  --context N            longest prompt and output together, in tokens; default: the model's
  --token-budget N       most tokens in a step; default 512
  --blocks N             KV cache size in blocks of 16 tokens; default: as many as fit
  --runtime chrome|node  headless Chrome, or Node with the webgpu package; default chrome

Ctrl-C or SIGTERM: requests under way have 10 s to end; a second one cuts them off.
Exit codes: 0 ended by a signal · 2 bad command line, or a port that is taken · 3 the model cannot be read or run
            4 no browser or no WebGPU device, or it went away · 5 a fault of ours`

/** @throws UsageError that names the option and what it takes */
export function parseServeCommand(args: string[], env: NodeJS.ProcessEnv): ServeCommand {
  try {
    return commandFrom(parse(args), env)
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function commandFrom({ values }: ReturnType<typeof parse>, env: NodeJS.ProcessEnv): ServeCommand {
  const { model, host, token, cache = false, runtime } = values
  if (cache !== false && runtime !== 'node') throw new Error('--cache needs --runtime node.')
  return {
    port: portFrom(values.port),
    apiKey: apiKeyFrom(values['api-key-env'], env),
    model,
    maxTokens: countOrNone('--max-tokens', values['max-tokens']),
    runtime: oneOf('--runtime', runtime, ['chrome', 'node']),
    engine: {
      hub: { host, token },
      cache,
      weights: oneOfOrNone('--weights', values.weights, CHOICES.weights),
      kv: oneOfOrNone('--kv', values.kv, CHOICES.kv),
      contextLength: countOrNone('--context', values.context),
      tokenBudget: countOrNone('--token-budget', values['token-budget']),
      blocks: countOrNone('--blocks', values.blocks),
    },
  }
}

function portFrom(value: string): number {
  const port = count('--port', value, 0)
  if (port > 65535) throw new Error(`--port is ${port}, but must be at most 65535.`)
  return port
}

function parse(args: string[]) {
  return parseArgs({
    args,
    options: {
      port: { type: 'string', default: '8000' },
      'api-key-env': { type: 'string' },
      model: { type: 'string', default: 'sprout' },
      host: { type: 'string' },
      token: { type: 'string' },
      cache: { type: 'string' },
      weights: { type: 'string' },
      kv: { type: 'string' },
      'max-tokens': { type: 'string' },
      context: { type: 'string' },
      'token-budget': { type: 'string' },
      blocks: { type: 'string' },
      runtime: { type: 'string', default: 'chrome' },
    },
  })
}
