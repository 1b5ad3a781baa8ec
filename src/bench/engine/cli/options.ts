import { parseArgs } from 'node:util'
import { count, list, oneOf } from '../../../cli/option-values'
import { WEIGHT_FORMATS } from '../../../kernels/matrix-format'
import type { Setting } from '../../common/setting'
import { DEFAULT_SIZES, PARTS, type Part, type Sizes } from '../sections'

export interface EngineCommand {
  readonly parts: readonly Part[]
  readonly sizes: Sizes
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

const DEFAULT_PARTS = ['latency', 'decode', 'prefill'] as const

export const ENGINE_USAGE = `npm run bench:engine -- [parts] [options]

Measures the engine in headless Chrome, or in Node, on a model with seeded weights (speed does not depend on their
values), beside the ceilings of the device. Writes report.json, report.md and plots. Without parts: ${DEFAULT_PARTS.join(' ')}.

  latency        load, first token of prompts of 16 and 256, time between tokens of 1 and 16 streams
  decode         sequences that decode together, and where a step's time goes
  prefill        a step of prompts by its tokens, with a linear fit
  context        one sequence after longer and longer contexts
  models         1 and 16 sequences with seeded models of several sizes
  families       1 and 32 sequences with a seeded Llama, and models of other families with about as many weights

  --batches LIST         default ${DEFAULT_SIZES.batches.join()}
  --contexts LIST        default ${DEFAULT_SIZES.contexts.join()}
  --step-tokens LIST     multiples of 32; default ${DEFAULT_SIZES.stepTokens.join()}
  --shapes LIST          default ${DEFAULT_SIZES.shapes.join()}
  --out-tokens N         each sequence decodes; default ${DEFAULT_SIZES.out}
  --steps-only           kernels are not timed by themselves
  --shape NAME           of the seeded model: bench-6m (default), bench-wide, smollm2-135m, smollm2-360m, llama-3.2-1b
  --model MODEL          measure this model instead: embedded name, Hugging Face id, URL or local folder
  --weights ${WEIGHT_FORMATS.join('|')}
                         default f32
  --rounds N             runs behind each median; default 3
  --runtime chrome|node  headless Chrome, or Node with the webgpu package (Dawn); default chrome
  --dawn-toggle NAME     switched on in Node; may be repeated
  --out DIR              default .artifacts/bench-engine`

/** @throws an error that names the option and what it takes */
export function parseEngineCommand(args: string[]): EngineCommand {
  const { values, positionals } = parse(args)
  const stepTokens = counts('--step-tokens', values['step-tokens'])
  if (stepTokens.some(tokens => tokens % 32 !== 0)) {
    throw new Error(`--step-tokens is ${values['step-tokens']}, but must be multiples of 32.`)
  }
  return {
    parts: positionals.length > 0 ? positionals.map(name => oneOf('part', name, PARTS)) : DEFAULT_PARTS,
    sizes: {
      batches: counts('--batches', values.batches),
      contexts: counts('--contexts', values.contexts),
      stepTokens,
      shapes: list(values.shapes),
      out: count('--out-tokens', values['out-tokens']),
      timesKernels: !values['steps-only'],
    },
    model: values.model,
    shape: values.shape,
    engine: { weights: oneOf('--weights', values.weights, WEIGHT_FORMATS) },
    rounds: count('--rounds', values.rounds),
    runtime: oneOf('--runtime', values.runtime, ['chrome', 'node']),
    dawnToggles: values['dawn-toggle'],
    out: values.out,
  }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      batches: { type: 'string', default: DEFAULT_SIZES.batches.join() },
      contexts: { type: 'string', default: DEFAULT_SIZES.contexts.join() },
      'step-tokens': { type: 'string', default: DEFAULT_SIZES.stepTokens.join() },
      shapes: { type: 'string', default: DEFAULT_SIZES.shapes.join() },
      'out-tokens': { type: 'string', default: String(DEFAULT_SIZES.out) },
      'steps-only': { type: 'boolean', default: false },
      shape: { type: 'string', default: 'bench-6m' },
      model: { type: 'string' },
      weights: { type: 'string', default: 'f32' },
      rounds: { type: 'string', default: '3' },
      runtime: { type: 'string', default: 'chrome' },
      'dawn-toggle': { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: '.artifacts/bench-engine' },
    },
  })
}

function counts(what: string, text: string): number[] {
  return list(text).map(value => count(what, value))
}
