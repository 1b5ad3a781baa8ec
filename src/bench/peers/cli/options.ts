import { parseArgs } from 'node:util'
import { count, list, oneOf } from '../../../cli/option-values'
import { ENGINE_NAMES, type EngineName } from '../engines'
import { TASK_NAMES, type TaskName } from '../tasks'

export interface PeersCommand {
  readonly engines: readonly EngineName[]
  readonly tasks: readonly TaskName[]
  readonly rounds: number
  /** Prompts of a batch that are computed by an engine that takes them one by one; the rest is reckoned from these. */
  readonly atMost: number
  /** Folder for the report. */
  readonly out: string
}

export const PEERS_USAGE = `npm run bench:peers -- [options]

Runs the same seeded model and prompts in headless Chrome through Coppice and other engines, in turn. The first time their
packages are installed below .artifacts/peers. Writes report.json and report.md. Use a browser with shader-f16.

  --engines LIST   of ${ENGINE_NAMES.join(', ')}; default all
  --tasks LIST     single: a prompt of 256 tokens, 33 generated; A: 16 prompts of 256 + 16 tokens, 16 generated;
                   B: 64 of 512 + 32, 32 generated; default all
  --rounds N       runs behind each median; default 2
  --at-most N      prompts of a batch that wllama computes, one by one; the others are reckoned to take as long; default 4
  --out DIR        default .artifacts/bench-peers`

/** @throws an error that names the option and what it takes */
export function parsePeersCommand(args: string[]): PeersCommand {
  const { values } = parseArgs({
    args,
    options: {
      engines: { type: 'string', default: ENGINE_NAMES.join() },
      tasks: { type: 'string', default: TASK_NAMES.join() },
      rounds: { type: 'string', default: '2' },
      'at-most': { type: 'string', default: '4' },
      out: { type: 'string', default: '.artifacts/bench-peers' },
    },
  })
  return {
    engines: list(values.engines).map(name => oneOf('--engines', name, ENGINE_NAMES)),
    tasks: list(values.tasks).map(name => oneOf('--tasks', name, TASK_NAMES)),
    rounds: count('--rounds', values.rounds),
    // the first prompt computes the prefix: two at least tell what the others take
    atMost: count('--at-most', values['at-most'], 2),
    out: values.out,
  }
}
