import { readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { table } from '../../common/table'
import { callCases } from '../calls'
import { Heartbeat } from '../heartbeat'

const COLUMNS = ['ms', 'CPU, ms', 'of this thread', 'longest task, ms', 'CPU of a task, ms']

/** Measures, as a table, what large calls cost the thread that makes them, in this process. */
export async function callsInNode(model: string): Promise<string> {
  const rows: string[][] = []
  for await (const { name, run } of callCases(model)) {
    const heartbeats = [new Heartbeat(turn, () => performance.now()), new Heartbeat(turn, threadMs)]
    const before = [performance.now(), processMs(), threadMs()]
    await run()
    const after = [performance.now(), processMs(), threadMs()]
    const times = after.map((time, index) => time - before[index])
    for (const heartbeat of heartbeats) times.push(await heartbeat.stop())
    rows.push([name, ...times.map(ms => ms.toFixed(0))])
  }
  return table(['10,000 chats of 600 tokens', ...COLUMNS], rows)
}

/** CPU time of all this process's threads: those that compile and collect garbage too. */
function processMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** CPU time of this thread alone, as Linux counts it; that of all elsewhere. */
function threadMs(): number {
  if (process.platform !== 'linux') return processMs()
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
}
