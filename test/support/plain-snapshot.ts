import type { EngineSnapshot } from '../../src/index'
import { EngineState } from '../../src/watch'

/** A snapshot by itself, whatever the order of what it lists: what two are compared by. */
export function plainSnapshot(snapshot: EngineSnapshot) {
  const { runs, claims, refCounts, calls, counts } = new EngineState().apply([{ kind: 'snapshot', ...snapshot }])
  const byId = <T>(entries: Iterable<[number, T]>) => [...entries].sort(([a], [b]) => a - b)
  const numbered = [...runs].map(([id, run]): [number, unknown] => [id, [run, run.blocks.map(each => [...each])]])
  return JSON.stringify([byId(numbered), byId(claims), refCounts.map(each => [...each]), byId(calls), counts])
}
