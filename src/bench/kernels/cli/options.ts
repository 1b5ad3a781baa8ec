import { parseArgs } from 'node:util'
import { count, list, oneOf } from '../../../cli/option-values'
import { MODEL_SHAPES } from '../models'
import { ROWS } from '../rows'
import type { KernelTask } from '../run'

export interface KernelCommand {
  readonly task: Omit<KernelTask, 'against'>
  /** Folder of shaders to compare with. */
  readonly against: string | undefined
  readonly runtime: 'chrome' | 'node'
  readonly dawnToggles: readonly string[]
  /** Folder for the report. */
  readonly out: string
}

export const KERNELS_USAGE = `npm run bench:kernels -- [words] [options]

Measures each kernel by itself against ceilings of the same run, in headless Chrome or in Node; outputs are checked first.
Writes report.json and report.md. Without words and options: the usual kernels, minutes on a software adapter. With some:
all that they leave, e.g. \`matmul q4 qkv --rows 1,16 --shape smollm2-135m\`.

  WORD …                 each must begin the kernel, part, format, shape or variant of what is measured
  --kernel LIST          exactly these kernels
  --shape LIST           of ${MODEL_SHAPES.map(({ name }) => name).join(', ')}
  --rows LIST            of ${ROWS.join(', ')}
  --format LIST          of weights or of K and V
  --variant LIST         these variants instead of the one that the engine takes
  --ab A,B               these two variants in turn, with the ratio of their times
  --against DIR          the shaders of this folder (of another checkout) in turn with these, likewise
  --all                  everything, by every variant
  --rounds N             batches behind each median; default 5
  --runtime chrome|node  headless Chrome, or Node with the webgpu package (Dawn); default chrome
  --dawn-toggle NAME     switched on in Node; may be repeated
  --out DIR              default .artifacts/bench-kernels`

/** @throws an error that names the option and what it takes */
export function parseKernelCommand(args: string[]): KernelCommand {
  const { values, positionals } = parse(args)
  const ab = optionalList(values.ab)
  if (ab && ab.length !== 2) throw new Error(`--ab is ${values.ab}, but must be two variants, A,B.`)
  if (ab && values.against !== undefined) throw new Error('--ab and --against cannot be given together.')
  const shapes = optionalList(values.shape)
  for (const shape of shapes ?? [])
    oneOf(
      '--shape',
      shape,
      MODEL_SHAPES.map(({ name }) => name),
    )
  const rows = optionalList(values.rows)?.map(text => Number(oneOf('--rows', text, ROWS.map(String))))
  return {
    task: {
      selection: {
        words: positionals,
        kernels: optionalList(values.kernel),
        shapes,
        formats: optionalList(values.format),
        rows,
        variants: optionalList(values.variant),
        all: values.all,
      },
      rounds: count('--rounds', values.rounds),
      ab: ab && [ab[0], ab[1]],
    },
    against: values.against,
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
      kernel: optional,
      shape: optional,
      rows: optional,
      format: optional,
      variant: optional,
      ab: optional,
      against: optional,
      all: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      runtime: { type: 'string', default: 'chrome' },
      'dawn-toggle': { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: '.artifacts/bench-kernels' },
    },
  })
}

function optionalList(value: string | undefined): string[] | undefined {
  return value === undefined ? undefined : list(value)
}
