/** The page in which `npm run bench:cpu -- --chrome` makes large calls. */
import { pause } from '../../core/pause'
import { type CallCase, callCases } from './calls'
import { Heartbeat } from './heartbeat'

declare global {
  interface Window {
    /** Makes the next case ready, and says its name; undefined after the last. */
    nextCallCase(model: string): Promise<string | undefined>
    /** Runs it; its time and that of its longest task, in milliseconds. */
    runCallCase(): Promise<readonly [ms: number, longestMs: number]>
  }
}

let cases: AsyncGenerator<CallCase> | undefined
let current: CallCase | undefined

window.nextCallCase = async model => {
  cases ??= callCases(model)
  const { done, value } = await cases.next()
  current = done ? undefined : value
  return current?.name
}

window.runCallCase = async () => {
  const now = () => performance.now()
  const [began, heartbeat] = [now(), new Heartbeat(pause, now)]
  await current?.run()
  return [now() - began, await heartbeat.stop()]
}
