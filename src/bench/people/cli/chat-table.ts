import type { Page } from 'playwright-core'
import { type PageServer, resolveModel } from '../../../cli/serve'
import { seededModel } from '../../common/cli/seeded-model'
import { figure } from '../../common/figure'
import { count, table } from '../../common/table'
import { percentile } from '../../engine/statistics'
import type { Chat, Job } from '../chat'

/** The cache, and what asks for it: the job's rows reserve twice as much as there is. */
const BLOCKS = 512
const JOB = { rows: 64, prompt: 128, out: 128 }
const CHAT = { prompt: 128, out: 128 }
const CHATS = 3
const ROUNDS = 3

/** A chat alone, and beside a job: each round has both, and the job by itself. */
export async function chatTable(page: Page, server: PageServer): Promise<string> {
  const model = server.modelUrl(resolveModel(seededModel('bench-long')))
  const rows: string[][] = []
  for (const frameMs of [undefined, Number.POSITIVE_INFINITY]) {
    await page.evaluate(([model, blocks, frameMs]) => window.openForChat(model, blocks, frameMs), [
      model,
      BLOCKS,
      frameMs,
    ] as const)
    const withChats = (chats: number) =>
      page.evaluate(([job, chat, chats]) => window.jobWithChats(job, chat, chats), [JOB, CHAT, chats] as const)
    const idleChats = () => page.evaluate(([chat, chats]) => window.idleChats(chat, chats), [CHAT, CHATS] as const)
    const rounds: Round[] = []
    // the first round compiles
    for (let round = -1; round < ROUNDS; round++) {
      const [idle, alone, beside] = [await idleChats(), await withChats(0), await withChats(CHATS)]
      checkSame(idle, alone, beside)
      if (round >= 0) rounds.push({ idle, alone, beside })
    }
    rows.push(rowOf(frameMs === undefined ? '50, the default of a page' : 'Infinity', rounds))
    console.error(rows.at(-1)?.join(' | '))
  }
  return table(COLUMNS, rows)
}

interface Round {
  readonly idle: readonly Chat[]
  readonly alone: Job
  readonly beside: Job
}

const COLUMNS = [
  '`frameMs`',
  'steps to the first token',
  'first token, ms: idle',
  'beside a job',
  'p99 between tokens, ms: idle',
  'beside a job',
  'ratio in a round',
  'tokens/s of the job alone',
  'rows that gave way',
  "job's tokens lost for one of the chat",
]

function rowOf(name: string, rounds: readonly Round[]): string[] {
  const chats = rounds.flatMap(({ beside }) => beside.chats)
  const firsts = (some: readonly Chat[]) => some.map(({ firstMs }) => firstMs)
  const p99 = (some: readonly Chat[]) =>
    percentile(
      some.flatMap(({ gaps }) => gaps),
      0.99,
    )
  const tokensPerMs = ({ ms }: Job) => (JOB.rows * JOB.out) / ms
  const lost = rounds.map(({ alone, beside }) => ((beside.ms - alone.ms) * tokensPerMs(alone)) / (CHATS * CHAT.out))
  return [
    name,
    range(chats.map(({ steps }) => steps)),
    range(firsts(rounds.flatMap(({ idle }) => idle))),
    range(firsts(chats)),
    range(rounds.map(({ idle }) => p99(idle))),
    range(rounds.map(({ beside }) => p99(beside.chats))),
    range(rounds.map(({ idle, beside }) => p99(beside.chats) / p99(idle))),
    range(rounds.map(({ alone }) => 1000 * tokensPerMs(alone))),
    range(rounds.map(({ alone, beside }) => beside.preemptions - alone.preemptions)),
    range(lost),
  ]
}

/** The median, and the lowest and the highest. */
function range(values: readonly number[]): string {
  const { median, min, max } = figure(values)
  const [m, a, b] = [median, min, max].map(value => (Math.abs(value) < 10 ? Number(value.toFixed(1)) : count(value)))
  return `${m} (${a} to ${b})`
}

/** What was timed is right only if the answers are. */
function checkSame(idle: readonly Chat[], alone: Job, beside: Job): void {
  const text = (each: readonly { readonly tokenIds: readonly number[] }[]) =>
    JSON.stringify(each.map(({ tokenIds }) => tokenIds))
  if (text(idle) !== text(beside.chats)) throw new Error('a chat beside a job has other answers')
  if (JSON.stringify(alone.tokenIds) !== JSON.stringify(beside.tokenIds))
    throw new Error('a job beside chats has other answers')
}
