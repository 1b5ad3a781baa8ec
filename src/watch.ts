/**
 * `coppice/watch`: what an engine's events come to, and recordings of them.
 *
 *     const state = new EngineState()
 *     engine.watch(events => draw(state.apply(events)))
 */
export type {
  BlocksEvent,
  CallEndEvent,
  CallEvent,
  Counts,
  CountsEvent,
  EngineEvent,
  EngineListener,
  EngineSnapshot,
  StepEvent,
  TreeEvent,
  TreeRows,
} from './engine/events'
export { play } from './recording/play'
export { type Recording, record } from './recording/record'
export { EngineState, type TreeRun } from './recording/state'
