/** One level of a tree of prompts: every run of the level above is followed by `fanout` different runs of `tokens` tokens. */
export interface Level {
  readonly fanout: number
  readonly tokens: number
}

/** A tree of prompts, which are the paths from the root to the leaves; each generates `out` tokens. */
export interface TreeShape {
  readonly kind: 'tree'
  readonly levels: readonly Level[]
  readonly out: number
  /** The time that counts; `decode`: that until all have a first token is subtracted, as Hydragen does. */
  readonly timing: 'whole' | 'decode'
}

/** Chats in turns under one system prompt; the prompt of a turn is all that was said before, and a new message. */
export interface ChatShape {
  readonly kind: 'chat'
  readonly users: number
  readonly turns: number
  /** Tokens of the system prompt; likewise of each message, and to generate. */
  readonly system: number
  readonly message: number
  readonly out: number
  readonly timing: 'whole'
}

export type Shape = TreeShape | ChatShape

/** Sizes that a command line may give a shape; those that it does not give are the full ones times `scale`. */
export interface Sizes {
  readonly scale: number
  /** Members of a group; not scaled, since it decides how much there is to share. */
  readonly degree?: number
  readonly groups?: number
  /** Prompts, where there are no groups. */
  readonly batch?: number
  /** Tokens of the shared part, of each prompt's own part, and to generate. */
  readonly prefix?: number
  readonly suffix?: number
  readonly out?: number
}

/** Functions that make a full size the one that the command line asks for. */
type Size = Record<Exclude<keyof Sizes, 'scale'>, (full: number) => number>

/** Workloads, of full size as in the papers; where a paper is silent (groups; output of the industry task), as a browser can do. */
const SHAPES = {
  /** BatchLLM (arXiv:2412.03594), its public benchmark: 16 prompts a group. */
  batchllm: ({ groups, prefix, degree, suffix, out }) =>
    tree(
      [
        [groups(4), prefix(2000)],
        [degree(16), suffix(200)],
      ],
      out(100),
    ),
  /** BatchLLM's industry task: small groups, and hardly anything of their own. */
  industry: ({ groups, prefix, degree, suffix, out }) =>
    tree(
      [
        [groups(16), prefix(1570)],
        [degree(3), suffix(30)],
      ],
      out(30),
    ),
  /** Hydragen (arXiv:2402.05099): one prefix, many completions; decoding alone is timed. */
  hydragen: ({ prefix, batch, suffix, out }) => ({
    ...tree(
      [
        [1, prefix(4096)],
        [batch(32), suffix(16)],
      ],
      out(128),
    ),
    timing: 'decode',
  }),
  /** Instruction, few-shot examples, document, question: two-level sharing has to compute something again. */
  tree: ({ prefix, degree, suffix, out }) =>
    tree(
      [
        [1, prefix(400)],
        [2, prefix(600)],
        [3, prefix(800)],
        [degree(4), suffix(60)],
      ],
      out(40),
    ),
  /** Several users, one system prompt, and the conversation so far in every prompt. */
  chat: ({ batch, prefix, suffix, out }) => ({
    kind: 'chat',
    users: batch(32),
    turns: 4,
    system: prefix(800),
    message: suffix(80),
    out: out(100),
    timing: 'whole',
  }),
  /** Nothing in common: what looking for it costs. */
  none: ({ batch, prefix, out }) => tree([[batch(32), prefix(1000)]], out(100)),
} as const satisfies Readonly<Record<string, (size: Size) => Shape>>

export type WorkloadName = keyof typeof SHAPES

export const WORKLOADS = Object.keys(SHAPES) as WorkloadName[]

export function shapeOf(name: WorkloadName, sizes: Sizes): Shape {
  const scaled = (full: number) => Math.max(1, Math.round(full * sizes.scale))
  return SHAPES[name]({
    degree: full => sizes.degree ?? full,
    groups: full => sizes.groups ?? scaled(full),
    // fewer together say nothing of batching
    batch: full => sizes.batch ?? Math.max(8, scaled(full)),
    prefix: full => sizes.prefix ?? scaled(full),
    suffix: full => sizes.suffix ?? scaled(full),
    out: full => sizes.out ?? scaled(full),
  })
}

/** A small run that uses all kernels which the shape will: prompts of several segments that share, chunks and decodes. */
export function warmUp(shape: Shape): Shape {
  if (shape.kind === 'chat') return { ...shape, users: Math.min(shape.users, 4), turns: 1, out: Math.min(shape.out, 4) }
  const levels = shape.levels.map(({ fanout, tokens }) => ({
    fanout: Math.min(fanout, 4),
    tokens: Math.min(tokens, 320),
  }))
  return { ...shape, levels, out: Math.min(shape.out, 4), timing: 'whole' }
}

/** A tree of `levels`, `[n][fanout, tokens]`. */
function tree(levels: readonly (readonly [number, number])[], out: number): TreeShape {
  return { kind: 'tree', levels: levels.map(([fanout, tokens]) => ({ fanout, tokens })), out, timing: 'whole' }
}
