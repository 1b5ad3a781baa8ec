import type { Call } from '../../gpu/kernel'
import { flatGrid } from '../../kernels/grid'
import { figure } from '../common/figure'
import type { Work } from './case'
import type { Fixture } from './fixture'
import type { Timer } from './timing'

/** Ceilings of this device, measured by kernels that do one thing only. */
export interface Ceilings {
  /** Rates of copying, by the bytes read and written in all; ascending, and never faster for more. */
  readonly copy: readonly { readonly bytes: number; readonly bytesPerSecond: number }[]
  readonly flopsPerSecond: number
  /** Chains of vec4f that a thread of the fastest FMA kernel has. */
  readonly chains: number
  /** Milliseconds of a dispatch that does nothing. */
  readonly dispatchMs: number
}

/** Batches behind each ceiling, of which the fastest counts. */
const ROUNDS = 4

const MIB = 2 ** 20
const COPY_BYTES = [1, 4, 16, 64, 256].map(size => size * MIB)
const COPY_QUADS = [1, 4]
const CHAINS = [1, 2, 3, 4, 8]

/** Threads of a workgroup, as the shaders have them. */
const WG_SIZE = 64
const UNROLL = 8

/** Workgroups of the FMA kernel: enough for a large GPU. */
const FMA_GROUPS = 4096
/** Least time of a dispatch of the FMA kernel. */
const FMA_MS = 4

export async function measureCeilings(fixture: Fixture, timer: Timer): Promise<Ceilings> {
  const copy: Ceilings['copy'][number][] = []
  // more bytes are never faster: what is, has had less noise
  for (const bytes of [...COPY_BYTES].reverse()) {
    const known = copy[0]?.bytesPerSecond ?? 0
    copy.unshift({ bytes, bytesPerSecond: Math.max(known, await copyRate(fixture, timer, bytes)) })
  }
  const rates: number[] = []
  for (const chains of CHAINS) rates.push(await fmaRate(fixture, timer, chains))
  const flopsPerSecond = Math.max(...rates)
  const dispatchMs = await emptyMs(fixture, timer)
  return { copy, flopsPerSecond, chains: CHAINS[rates.indexOf(flopsPerSecond)], dispatchMs }
}

/** The better of two measurements: what is slower had something else running beside it. */
export function bestCeilings(a: Ceilings, b: Ceilings): Ceilings {
  const { flopsPerSecond, chains } = a.flopsPerSecond > b.flopsPerSecond ? a : b
  const copy = a.copy.map(({ bytes, bytesPerSecond }, size) => {
    return { bytes, bytesPerSecond: Math.max(bytesPerSecond, b.copy[size].bytesPerSecond) }
  })
  return { copy, flopsPerSecond, chains, dispatchMs: Math.min(a.dispatchMs, b.dispatchMs) }
}

/** The rate of the smallest copy that is as large as the working set, or of the largest. */
export function copyRateFor({ copy }: Pick<Ceilings, 'copy'>, workingSet: number): number {
  const fitting = copy.find(({ bytes }) => bytes >= workingSet) ?? copy[copy.length - 1]
  return fitting.bytesPerSecond
}

/** The floor of a kernel's time, and what sets it. */
export interface Floor {
  readonly ms: number
  readonly bound: 'memory' | 'arithmetic' | 'dispatch'
}

/** The floor of a kernel that reads its copies in turn. */
export function floorOf(ceilings: Ceilings, { bytes, flops }: Work, copies: number): Floor {
  const memory = (1000 * bytes) / copyRateFor(ceilings, bytes * copies)
  const arithmetic = (1000 * flops) / ceilings.flopsPerSecond
  const ms = Math.max(memory, arithmetic, ceilings.dispatchMs)
  return { ms, bound: ms === memory ? 'memory' : ms === arithmetic ? 'arithmetic' : 'dispatch' }
}

/** Rate of copying. `bytes`: those of both buffers together. */
async function copyRate(fixture: Fixture, timer: Timer, bytes: number): Promise<number> {
  const buffers = { x: fixture.output(bytes / 8), y: fixture.output(bytes / 8) }
  let best = Number.POSITIVE_INFINITY
  for (const quads of COPY_QUADS) {
    const kernel = fixture.kernels.get({ name: 'copy', constants: { QUADS: quads } })
    await fixture.gpu.settled()
    const n_groups = bytes / 32 / quads / WG_SIZE
    best = Math.min(
      best,
      await fastest(fixture, timer, kernel.bind(fixture.step.arena, buffers), { n_groups }, n_groups),
    )
  }
  fixture.release()
  return (1000 * bytes) / best
}

async function fmaRate(fixture: Fixture, timer: Timer, chains: number): Promise<number> {
  const y = fixture.output(FMA_GROUPS * WG_SIZE * 4)
  const kernel = fixture.kernels.get({ name: 'fma', constants: { CHAINS: chains } })
  await fixture.gpu.settled()
  const call = kernel.bind(fixture.step.arena, { y })
  const params = { factor: 0.999, addend: 0.001 }
  const msOf = (n_turns: number, count: number) =>
    fastest(fixture, timer, call, { ...params, n_turns }, FMA_GROUPS, count)
  let turns = 8
  while ((await msOf(turns, 1)) < FMA_MS) turns *= 4
  const ms = await msOf(turns, ROUNDS)
  fixture.release()
  return (1000 * 2 * 4 * chains * UNROLL * turns * WG_SIZE * FMA_GROUPS) / ms
}

async function emptyMs(fixture: Fixture, timer: Timer): Promise<number> {
  const call = fixture.kernels.get({ name: 'empty' }).bind(fixture.step.arena, { y: fixture.output(1) })
  await fixture.gpu.settled()
  const ms = await fastest(fixture, timer, call, { value: 1 }, 1)
  fixture.release()
  return ms
}

async function fastest(
  { step }: Fixture,
  timer: Timer,
  call: Call,
  params: Readonly<Record<string, number>>,
  numGroups: number,
  rounds = ROUNDS,
): Promise<number> {
  const kernel = { begin: () => () => step.dispatch(call, params, flatGrid(numGroups)) }
  const runs = await timer.findRuns(kernel)
  const times: number[] = []
  for (let round = 0; round < rounds; round++) times.push(await timer.batch(kernel, runs))
  return figure(times).min
}
