/** The page of one engine: `npm run bench:peers` opens a page for each and has them run in turn. */
import { openCoppice } from './coppice-peer'
import { ENGINES, type EngineName } from './engines'
import { countDispatches, installHooks } from './gpu-hooks'
import type { Peer, PeerPlace, PeerRun } from './peer'
import { type PeerTask, promptsOf } from './tasks'
import { openTransformers } from './transformers-peer'
import { openWllama } from './wllama-peer'

declare global {
  interface Window {
    describeAdapter(): Promise<AdapterDescription>
    /** Loads the engine. Gives the milliseconds that it took, without fetching its JavaScript. */
    loadPeer(name: EngineName, place: PeerPlace): Promise<number>
    runPeer(task: PeerTask, seed: number, atMost: number): Promise<CountedRun>
  }
}

export interface AdapterDescription {
  readonly text: string
  readonly hasHalf: boolean
}

export interface CountedRun extends PeerRun {
  readonly dispatches: number
}

const OPENERS = { coppice: openCoppice, transformers: openTransformers, wllama: openWllama }

let peer: Peer | undefined

window.describeAdapter = async () => {
  const adapter = await navigator.gpu?.requestAdapter()
  if (!adapter) return { text: 'none', hasHalf: false }
  const { vendor, architecture, description } = adapter.info
  const text = [vendor, architecture, description].filter(Boolean).join(' ')
  return { text, hasHalf: adapter.features.has('shader-f16') }
}

window.loadPeer = async (name, place) => {
  const entry = ENGINES[name]
  // onnxruntime-web's attention gives wrong tokens with subgroups of 4 and 8
  installHooks(entry.engine === 'transformers' ? 'subgroup' : undefined)
  const load = await OPENERS[entry.engine](place, entry)
  const began = performance.now()
  peer = await load()
  return performance.now() - began
}

window.runPeer = async (task, seed, atMost) => {
  if (!peer) throw new Error('no engine is loaded in this page')
  const prompts = promptsOf(task, seed)
  const before = await countDispatches()
  const run = await peer.run(prompts, task.shared, task.out, atMost)
  const dispatches = (await countDispatches()) - before
  for (const { length } of run.tokens) {
    if (length !== task.out) throw new Error(`an answer has ${length} of ${task.out} tokens`)
  }
  return { ...run, dispatches }
}
