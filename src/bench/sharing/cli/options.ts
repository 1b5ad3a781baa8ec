import { parseArgs } from 'node:util'
import { count, decimal, list, oneOf } from '../../../cli/option-values'
import { CHOICES } from '../../../engine/choices'
import type { Setting } from '../../common/setting'
import { type Sizes, WORKLOADS, type WorkloadName } from '../../common/shapes'
import { ALL, type ConfigurationName } from '../configurations'
import { SWEEPS, type SweepName } from '../sweeps'

export interface BenchCommand {
  readonly parts: readonly (WorkloadName | SweepName)[]
  readonly sizes: Sizes
  /** Configurations; undefined: those that each part has by default. */
  readonly configurations: readonly ConfigurationName[] | undefined
  readonly model: string | undefined
  /** Shape of the seeded model, where no other model is given. */
  readonly shape: string
  readonly engine: Setting['engine']
  readonly rounds: number
  readonly runtime: 'chrome' | 'node'
  readonly dawnToggles: readonly string[]
  /** Folder for the report. */
  readonly out: string
}

const SWEEP_NAMES = keys(SWEEPS)
/** Parts that run by default: they take minutes, at the default scale on a software adapter. */
const DEFAULT_PARTS = ['batchllm', 'tree', 'none'] as const
const PARTS = [...WORKLOADS, ...SWEEP_NAMES] as const

export const USAGE = `npm run bench -- [parts] [options]

Measures in headless Chrome, or in Node, on a model with seeded weights (speed does not depend on their values). Writes
report.json, report.md and a plot for each sweep. Without parts: ${DEFAULT_PARTS.join(' ')}.

  batchllm               16 prompts share a prefix: 2000 + 200 tokens, 100 generated
  industry               3 prompts share a prefix: 1570 + 30
  hydragen               32 prompts share one prefix of 4096; decoding only
  tree                   instruction, examples, document, question
  chat                   conversations under one system prompt, turn by turn
  none                   nothing is shared
  ${SWEEP_NAMES.join(', ')}
                         throughput against prefix length, batch size, prompts in a group; decoding against prefix length

  --scale X              of all lengths and of the number of groups or prompts; default 0.125
  --degree, --groups, --batch, --prefix, --suffix, --out-tokens N
                         exact sizes instead, where a part has them
  --configurations LIST  of ${ALL.join(', ')}; default all, or those that differ
  --shape NAME           of the seeded model: bench-6m (default), bench-wide, smollm2-135m, smollm2-360m, llama-3.2-1b
  --model MODEL          measure this model instead: embedded name, Hugging Face id, URL or local folder
  --weights f32|f16      default f32
  --order ${CHOICES.order.join('|')}, --token-budget N
                         as the engine has them
  --blocks N             KV cache of each engine; default: as many as all prompts need, but at most 8192
  --rounds N             runs behind each median; default 3
  --runtime chrome|node  headless Chrome, or Node with the webgpu package (Dawn); default chrome
  --dawn-toggle NAME     switched on in Node; may be repeated
  --out DIR              default .artifacts/bench`

/** @throws an error that names the option and what it takes */
export function parseBenchCommand(args: string[]): BenchCommand {
  const { values, positionals } = parse(args)
  const names = values.configurations === undefined ? undefined : list(values.configurations)
  return {
    parts: positionals.length > 0 ? positionals.map(name => oneOf('part', name, PARTS)) : DEFAULT_PARTS,
    sizes: {
      scale: decimal('--scale', values.scale),
      degree: optionalCount('degree', values.degree),
      groups: optionalCount('groups', values.groups),
      batch: optionalCount('batch', values.batch),
      prefix: optionalCount('prefix', values.prefix),
      suffix: optionalCount('suffix', values.suffix),
      out: optionalCount('out-tokens', values['out-tokens']),
    },
    configurations: names?.map(name => oneOf('--configurations', name, ALL)),
    model: values.model,
    shape: values.shape,
    engine: {
      weights: oneOf('--weights', values.weights, ['f32', 'f16']),
      tokenBudget: optionalCount('token-budget', values['token-budget']),
      blocks: optionalCount('blocks', values.blocks),
      study: { order: values.order === undefined ? undefined : oneOf('--order', values.order, CHOICES.order) },
    },
    rounds: count('--rounds', values.rounds),
    runtime: oneOf('--runtime', values.runtime, ['chrome', 'node']),
    dawnToggles: values['dawn-toggle'],
    out: values.out,
  }
}

function parse(args: string[]) {
  const optional = { type: 'string' } as const
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      scale: { type: 'string', default: '0.125' },
      degree: optional,
      groups: optional,
      batch: optional,
      prefix: optional,
      suffix: optional,
      'out-tokens': optional,
      configurations: optional,
      model: optional,
      shape: { type: 'string', default: 'bench-6m' },
      weights: { type: 'string', default: 'f32' },
      order: optional,
      'token-budget': optional,
      blocks: optional,
      rounds: { type: 'string', default: '3' },
      runtime: { type: 'string', default: 'chrome' },
      'dawn-toggle': { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: '.artifacts/bench' },
    },
  })
}

function optionalCount(name: string, value: string | undefined): number | undefined {
  return value === undefined ? undefined : count(`--${name}`, value)
}

function keys<K extends string>(of: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(of) as K[]
}
