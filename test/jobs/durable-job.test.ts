import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DurableJob, type DurableProgress, jobsOf } from '../../src/batch'
import { Deferred } from '../../src/core/deferred'
import {
  CoppiceError,
  DeviceLost,
  Disposed,
  type Engine,
  type Generation,
  InvalidRequest,
  StorageFull,
} from '../../src/index'
import { NO_EFFORT } from '../../src/jobs/effort-clock'
import { openEngine } from '../null-gpu/open'
import { type MemoryStore, memoryStore } from '../support/memory-store'
import { random } from '../support/random'
import { openRemote } from '../worker/open'
import { requests, textOf, timeless } from './requests'

const NUM_ROWS = 300

let engine: Engine
/** The output of a job that nobody disturbs. */
let expected: string
beforeAll(async () => {
  engine = await openEngine()
  const job = await jobsOf(engine, { storage: memoryStore() }).start(requests(NUM_ROWS))
  await job.finished()
  expected = await timeless(job.output())
})
afterAll(() => engine.dispose())

/** The engine, but for some of its methods. */
function withMethods(methods: Partial<Engine>): Engine {
  const own = (name: string | symbol) => {
    const value: unknown = Reflect.get(engine, name)
    return typeof value === 'function' ? value.bind(engine) : value
  }
  return new Proxy(engine, { get: (_, name) => Reflect.get(methods, name) ?? own(name) })
}

/** An engine whose calls end with an error after so many results. */
function failing(after: number, error: Error): Engine {
  return withMethods({
    generate: (...call) => {
      const generation = engine.generate(...call)
      let left = after
      const results = async function* () {
        for await (const result of generation) {
          if (left-- === 0) throw error
          yield result
        }
      }
      return { ...generation, [Symbol.asyncIterator]: results } as Generation
    },
  })
}

async function idsOf(results: AsyncIterable<{ readonly custom_id: string }>): Promise<string[]> {
  const ids: string[] = []
  for await (const { custom_id: id } of results) ids.push(id)
  return ids
}

/** Waits until so many rows are answered. */
async function answered(job: DurableJob, count: number): Promise<void> {
  for await (const _ of job.results()) if (--count === 0) return
}

describe('a job', () => {
  test('answers every request once, in order in its output, as `runJob` would', async () => {
    const seen: DurableProgress[] = []
    const jobs = jobsOf(engine, { storage: memoryStore() })
    const job = await jobs.start(requests(NUM_ROWS), { onProgress: progress => seen.push(progress) })
    const ids = await idsOf(job.results())
    expect(new Set(ids).size).toBe(NUM_ROWS)
    const lines = (await textOf(job.output())).trim().split('\n')
    expect(lines.map(line => JSON.parse(line).custom_id)).toEqual(requests(NUM_ROWS).map((_, at) => `row-${at}`))
    expect(seen.at(-1)).toMatchObject({ state: 'done', isOwner: true, total: NUM_ROWS, done: NUM_ROWS, failed: 0 })
    expect(seen.at(-1)?.decodeTokens).toBe(requests(NUM_ROWS).reduce((sum, _, at) => sum + 1 + (at % 9), 0))
    expect(await jobs.list()).toMatchObject([{ id: job.id, rows: NUM_ROWS, state: 'done' }])
  })

  test('takes an array, an iterable of any kind, lines, a file or a stream, which are the same to it', async () => {
    const some = requests(5)
    const jsonl = `${some.map(each => JSON.stringify(each)).join('\n')}\n`
    const outputs = new Set<string>()
    const each = async function* () {
      yield* some
    }
    const all = [some, new Set(some), each(), jsonl.trim().split('\n'), new Blob([jsonl]), new Blob([jsonl]).stream()]
    for (const given of all) {
      const job = await jobsOf(engine, { storage: memoryStore() }).start(given)
      await job.finished()
      outputs.add(await timeless(job.output()))
    }
    expect(outputs.size).toBe(1)
  })

  test('has what failed in a file of its own, and a name for who has none', async () => {
    const [good, bad, unnamed] = [
      { custom_id: 'a', prompt: [1], max_tokens: 1 },
      { custom_id: 'a', prompt: [1] },
      { prompt: [1], max_tokens: 1 },
    ]
    const job = await jobsOf(engine, { storage: memoryStore() }).start([good, '', bad, unnamed, '{'])
    expect(await job.finished()).toMatchObject({ total: 4, done: 4, failed: 2 })
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) =>
      (await textOf(stream))
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
    expect(await read(job.output())).toMatchObject([
      { id: 'batch_req_1', custom_id: 'a' },
      { id: 'batch_req_4', custom_id: 'request-4' },
    ])
    expect(await read(job.errors())).toMatchObject([
      { custom_id: 'a', response: null, error: { code: 'InvalidRequest', line: 3 } },
      { custom_id: 'request-5', error: { line: 5 } },
    ])
  })

  test('is answered window by window, with the same output', async () => {
    const calls: number[] = []
    const counting = withMethods({
      generate: (prompts, ...rest) => {
        calls.push(prompts.length)
        return engine.generate(prompts, ...rest)
      },
    })
    const job = await jobsOf(counting, { storage: memoryStore() }).start(requests(NUM_ROWS), { windowRows: 80 })
    await job.finished()
    expect(await timeless(job.output())).toBe(expected)
    expect(calls).toEqual([80, 80, 80, 60])
  })

  test('runs in an engine behind a port just so', async () => {
    const { engine: remote } = await openRemote()
    const job = await jobsOf(remote, { storage: memoryStore() }).start(requests(NUM_ROWS))
    await job.finished()
    expect(await timeless(job.output())).toBe(expected)
    remote.dispose()
  })

  test('tries a row again that fails by what may pass, and then says why it failed', async () => {
    const failures = new Map([
      [0, 1],
      [1, 9],
    ])
    const flaky = withMethods({
      generate: (prompts, ...rest) => {
        const generation = engine.generate(prompts, ...rest)
        const results = async function* () {
          for await (const result of generation) {
            const row = (result.promptTokenIds[0] ?? 0) - 1
            const left = failures.get(row) ?? 0
            failures.set(row, left - 1)
            yield left > 0
              ? { ...result, finishReason: 'error' as const, error: new CoppiceError('for a moment') }
              : result
          }
        }
        return { ...generation, [Symbol.asyncIterator]: results } as Generation
      },
    })
    const job = await jobsOf(flaky, { storage: memoryStore() }).start(requests(3))
    expect(await job.finished()).toMatchObject({ done: 3, failed: 1 })
    expect(failures.get(1)).toBe(9 - 3)
    expect(JSON.parse(await textOf(job.errors())).error).toMatchObject({ code: 'CoppiceError' })
  })
})

describe('a job whose end comes before its time', () => {
  /** A store as it is when a program is killed at its nth write; the program hears nothing of it. */
  async function killedAt(write: number): Promise<MemoryStore> {
    const store = memoryStore()
    let left: MemoryStore | undefined
    let count = 0
    store.onWrite = () => {
      if (count++ === write) left = memoryStore(store.contents)
    }
    const job = await jobsOf(engine, { storage: store }).start(requests(NUM_ROWS), { id: 'job', windowRows: 80 })
    await job.finished()
    return left ?? memoryStore(store.contents)
  }

  test('goes on when it is opened, wherever it was killed: nothing is lost or doubled, and nothing differs', async () => {
    for (let write = 2; ; write++) {
      const store = await killedAt(write)
      const before = [...store.contents.keys()].filter(path => path.includes('/log/')).length
      const job = await jobsOf(engine, { storage: store }).open('job', { windowRows: 80 })
      const ids = await idsOf(job.results())
      expect([ids.length, new Set(ids).size]).toEqual([NUM_ROWS, NUM_ROWS])
      expect(await timeless(job.output())).toBe(expected)
      if (before > 0 && store.contents.has('job/state')) break
    }
  })

  test('is none before its requests are kept, and its id is free', async () => {
    const store = await killedAt(1)
    expect([...store.contents.keys()]).toEqual(['job/input/00000000'])
    const jobs = jobsOf(engine, { storage: store })
    expect(await jobs.list()).toEqual([])
    await expect(jobs.open('job')).rejects.toThrow('There is no job "job".')
    await (await jobs.start(requests(2), { id: 'job' })).finished()
  })

  test.each(['state', 'manifest'])('is there, or not, as before while its %s is being written', async name => {
    const store = await killedAt(5)
    store.contents.set(`job/${name}`, new Uint8Array())
    const jobs = jobsOf(engine, { storage: store })
    if (name === 'manifest') return expect(await jobs.list()).toEqual([])
    expect(await jobs.list()).toMatchObject([{ id: 'job', state: 'unfinished' }])
    await (await jobs.open('job')).finished()
    expect(await jobs.list()).toMatchObject([{ id: 'job', state: 'done' }])
  })

  test('answers again what a crash of the machine has torn or spoilt, and names it', async () => {
    const store = await killedAt(Number.POSITIVE_INFINITY)
    const { int } = random(5)
    const [path] = [...store.contents.keys()].filter(each => each.includes('/log/'))
    const log = store.contents.get(path) ?? new Uint8Array()
    for (let round = 0; round < 12; round++) {
      const spoilt = log.slice()
      if (round % 2) spoilt[int(0, log.length)] ^= 1 << int(0, 8)
      const damaged = memoryStore(store.contents)
      damaged.contents.set(path, round % 2 ? spoilt : log.slice(0, int(1, log.length)))
      const job = await jobsOf(engine, { storage: damaged }).open('job')
      await job.finished()
      expect(await timeless(job.output()), `round ${round}`).toBe(expected)
      if (round % 2) expect(job.damage[0]).toMatch(/^log\/0.*damaged; they held .* computed again\.$/)
    }
  })

  test('is listed although it, or its neighbour, is damaged, and can be deleted', async () => {
    const store = await killedAt(5)
    const jobs = jobsOf(engine, { storage: store })
    await (await jobs.start(requests(2), { id: 'good' })).finished()
    const bytes = [...store.contents].reduce(
      (sum, [path, { length }]) => sum + (path.startsWith('job/') ? length : 0),
      0,
    )
    const manifest = store.contents.get('job/manifest')
    if (manifest) manifest[20] ^= 1
    store.contents.set('100%/of/somebody else', new Uint8Array(1))
    expect(await jobs.list()).toMatchObject([
      { id: 'good', state: 'done' },
      { id: 'job', state: 'damaged', bytes },
    ])
    await jobs.delete('job')
    expect(await jobs.list()).toMatchObject([{ id: 'good' }])
  })

  test('cannot go on from requests that are spoilt, says so, and still has its answers', async () => {
    const store = await killedAt(5)
    const input = store.contents.get('job/input/00000000')
    if (input) input[10] ^= 1
    const job = await jobsOf(engine, { storage: store }).open('job')
    await expect(job.finished()).rejects.toThrow('The job "job" cannot go on: its requests are damaged.')
    expect(await textOf(job.output())).not.toBe('')
  })

  test('goes on with another engine when the first is lost', async () => {
    const storage = memoryStore()
    const first = await jobsOf(failing(20, new DeviceLost('gone')), { storage }).start(requests(NUM_ROWS), {
      id: 'job',
    })
    await expect(first.finished()).rejects.toThrow(DeviceLost)
    expect(first.progress).toMatchObject({ state: 'failed', done: 20 })
    await expect(first.resume()).rejects.toThrow(
      'is failed: it cannot resume. Open it again, with an engine that works.',
    )
    const second = await jobsOf(engine, { storage }).open('job')
    await second.finished()
    expect(await timeless(second.output())).toBe(expected)
  })

  test('pauses with a typed error when storage is full, and goes on when there is room', async () => {
    const storage = memoryStore()
    const job = await jobsOf(engine, { storage }).start(requests(NUM_ROWS), { id: 'job', windowRows: 32 })
    storage.capacity = [...storage.contents.values()].reduce((sum, { length }) => sum + length, 40_000)
    await expect(job.finished()).rejects.toThrow(StorageFull)
    expect(job.state).toBe('paused')
    expect(job.error?.message).toMatch(/^The job "job" needs .* Make room: .* Then `resume\(\)`: nothing is lost\.$/)
    await expect(job.resume()).rejects.toThrow(StorageFull)
    storage.capacity = Number.POSITIVE_INFINITY
    await job.resume()
    await job.finished()
    expect(await timeless(job.output())).toBe(expected)
  })

  test('stays paused over a reload, if somebody pauses it while storage is full', async () => {
    const storage = memoryStore()
    const jobs = jobsOf(engine, { storage })
    const job = await jobs.start(requests(NUM_ROWS), { id: 'job', windowRows: 32 })
    storage.capacity = [...storage.contents.values()].reduce((sum, { length }) => sum + length, 40_000)
    await expect(job.finished()).rejects.toThrow(StorageFull)
    expect(await jobs.list()).toMatchObject([{ state: 'unfinished' }])
    storage.capacity = Number.POSITIVE_INFINITY
    await job.pause()
    expect(await jobs.list()).toMatchObject([{ state: 'paused' }])
    await job.close()
  })

  test('fails, if storage fails in another way than by being full', async () => {
    const storage = memoryStore()
    const job = await jobsOf(engine, { storage }).start(requests(NUM_ROWS), { id: 'job' })
    storage.onWrite = path => {
      if (path.includes('/log/')) throw new DOMException('the folder is gone', 'NotFoundError')
    }
    await expect(job.finished()).rejects.toThrow('the folder is gone')
    expect(job.state).toBe('failed')
  })

  test('whose requests do not fit leaves nothing', async () => {
    const storage = memoryStore()
    storage.capacity = 1000
    await expect(jobsOf(engine, { storage }).start(requests(NUM_ROWS))).rejects.toThrow(StorageFull)
    expect(storage.contents.size).toBe(0)
  })
})

describe('somebody', () => {
  test('pauses a job, which stays so over a reload, until it is resumed', async () => {
    const storage = memoryStore()
    const job = await jobsOf(engine, { storage }).start(requests(NUM_ROWS), { id: 'job', windowRows: 16 })
    await answered(job, 1)
    await job.pause()
    const { done } = job.progress
    expect(job.state).toBe('paused')
    expect(done).toBeLessThan(NUM_ROWS)
    await job.close()
    await expect(job.finished()).rejects.toThrow(Disposed)
    const jobs = jobsOf(engine, { storage })
    expect(await jobs.list()).toMatchObject([{ state: 'paused' }])
    const again = await jobs.open('job')
    expect(again.progress).toMatchObject({ state: 'paused', done })
    await again.resume()
    await again.finished()
    expect(await timeless(again.output())).toBe(expected)
  })

  test('cancels a job, which keeps its answers and never goes on', async () => {
    const storage = memoryStore()
    const jobs = jobsOf(engine, { storage })
    const job = await jobs.start(requests(NUM_ROWS), { id: 'job', windowRows: 16 })
    await answered(job, 1)
    await job.cancel()
    const { done } = await job.finished()
    expect(done).toBeGreaterThan(0)
    expect(done).toBeLessThan(NUM_ROWS)
    await expect(job.resume()).rejects.toThrow('The job "job" is cancelled: it cannot resume.')
    const again = await jobs.open('job')
    expect(await idsOf(again.results())).toHaveLength(done)
    await jobs.delete('job')
    expect(storage.contents.size).toBe(0)
  })

  /** Resolves when a message about the job has come to those who have it open. */
  function told(isIt: (message: { readonly news?: { readonly state: string } }) => boolean): Promise<void> {
    const channel = new BroadcastChannel('coppice-job-/job')
    return new Promise(resolve => {
      channel.onmessage = ({ data }: MessageEvent) => {
        if (!isIt(data)) return
        channel.close()
        resolve()
      }
    })
  }

  test('watches, and hears what the owner says in its order, however long reading takes', async () => {
    const storage = memoryStore()
    const late = new Deferred<void>()
    const slow = { ...storage }
    const owner = await jobsOf(engine, { storage }).start(requests(NUM_ROWS), { id: 'job', windowRows: 16 })
    const states: string[] = []
    const onProgress = ({ state }: DurableProgress) => states.push(state)
    const watcher = await jobsOf(undefined, { storage: slow }).open('job', { onProgress })
    slow.read = path => late.promise.then(() => storage.read(path))
    const isDone = told(({ news }) => news?.state === 'done')
    await owner.finished()
    await isDone
    // all was said before anything could be read
    late.resolve()
    await watcher.finished()
    await expect.poll(() => states.at(-1)).toBe('done')
    expect(states.indexOf('done')).toBe(states.length - 1)
    expect(watcher.progress).toMatchObject({ state: 'done', done: NUM_ROWS })
    await watcher.close()
  })

  test('takes a job over, and then does not hear what the owner before had said', async () => {
    const storage = memoryStore()
    const late = new Deferred<void>()
    const slow = { ...storage }
    const owner = await jobsOf(engine, { storage }).start(requests(NUM_ROWS), { id: 'job', windowRows: 16 })
    await answered(owner, 1)
    await owner.pause()
    const states: string[] = []
    const onProgress = ({ state }: DurableProgress) => states.push(state)
    const heir = await jobsOf(engine, { storage: slow }).open('job', { windowRows: 16, onProgress })
    // of a segment that the heir reads for so long that it owns the job meanwhile
    slow.read = path => {
      slow.read = storage.read
      return late.promise.then(() => storage.read(path))
    }
    const channel = new BroadcastChannel('coppice-job-/job')
    const isSaid = told(({ news }) => news?.state === 'paused')
    const news = { state: 'paused', error: undefined, effort: NO_EFFORT }
    channel.postMessage({ type: 'news', segment: '00000000', news })
    await isSaid
    await owner.close()
    await expect.poll(() => heir.progress.isOwner).toBe(true)
    await heir.resume()
    states.length = 0
    late.resolve()
    await heir.finished()
    expect(states).not.toContain('paused')
    channel.close()
  })

  test('watches the job of another tab, tells it what to do, and takes over when that closes', async () => {
    const storage = memoryStore()
    const owner = await jobsOf(engine, { storage }).start(requests(NUM_ROWS), { id: 'job', windowRows: 16 })
    const watcher = await jobsOf(engine, { storage }).open('job', { windowRows: 16 })
    const reader = await jobsOf(undefined, { storage }).open('job')
    expect([owner, watcher, reader].map(({ progress }) => progress.isOwner)).toEqual([true, false, false])
    const ids = [watcher, reader].map(job => idsOf(job.results()))
    await watcher.pause()
    expect(owner.state).toBe('paused')
    await expect(jobsOf(engine, { storage }).delete('job')).rejects.toThrow('is being worked on')
    await owner.close()
    await watcher.resume()
    expect(watcher.progress.isOwner).toBe(true)
    for (const all of await Promise.all(ids)) expect([all.length, new Set(all).size]).toEqual([NUM_ROWS, NUM_ROWS])
    expect(await timeless(reader.output())).toBe(expected)
    await reader.close()
  })
})

describe('refused is', () => {
  const start = (options: object, given: unknown = requests(1)) =>
    jobsOf(engine, { storage: memoryStore() }).start(given as object[], options)

  test.each([
    [{ idd: 'a' }, 'Unknown option idd of start. Known are'],
    [{ id: '' }, 'The id of a job is "", but must be a text'],
    [{ id: '..' }, 'The id of a job is "..", but must be a text'],
    [{ windowRows: 0 }, 'windowRows is 0, but must be an integer of at least 1.'],
    [{ priority: 'high' }, 'priority is "high", a text, but must be one of'],
    [{ maxTokens: 0 }, 'maxTokens is 0, but must be an integer'],
  ])('the option %j', async (options, message) => {
    await expect(start(options)).rejects.toThrow(InvalidRequest)
    await expect(start(options)).rejects.toThrow(message)
  })

  test.each([
    [5, 'The requests are 5, but must be an array'],
    ['{}', 'The requests are "{}", a text, but must be'],
    [[{}, 3], 'Request 2 is 3, but must be an object or a line of JSON.'],
    [['{\n}'], 'Request 1 has a line feed'],
  ])('as requests %j', async (given, message) => {
    await expect(start({}, given)).rejects.toThrow(message)
  })

  test('an id that there is, with both jobs’ hashes', async () => {
    const jobs = jobsOf(engine, { storage: memoryStore() })
    await (await jobs.start(requests(2), { id: 'job' })).finished()
    const same =
      /^There is a job "job" already: 2 requests \(SHA-256 (\w+)\) to .*; given are 2 requests \(SHA-256 \1\) to .*\. `open` goes on with it\.$/
    await expect(jobs.start(requests(2), { id: 'job' })).rejects.toThrow(same)
    await expect(jobs.start(requests(3), { id: 'job' })).rejects.toThrow(
      /2 requests .* given are 3 requests .* Choose another id, or delete that job\.$/,
    )
  })

  test('a job of another model, or of other weights, with both', async () => {
    const storage = memoryStore()
    await (await jobsOf(engine, { storage }).start(requests(2), { id: 'job' })).finished()
    const other = withMethods({ modelName: 'other' })
    await expect(jobsOf(other, { storage }).open('job')).rejects.toThrow(
      new RegExp(`"model":"${engine.modelName}".*and this engine's are .*"model":"other"`),
    )
  })

  test('a place that cannot be', async () => {
    await expect(jobsOf(engine).list()).rejects.toThrow('Outside a page jobs are kept in a folder')
    expect(() => jobsOf(engine, { store: 1 } as never)).toThrow('Unknown option store of jobsOf. Known are storage.')
  })
})

describe('in a folder on disk', () => {
  test('a job is kept as in a page, and no two processes work on it', async () => {
    const storage = await mkdtemp(join(tmpdir(), 'coppice-jobs-'))
    const jobs = jobsOf(engine, { storage })
    const job = await jobs.start(requests(NUM_ROWS), { id: 'a/b' })
    await job.finished()
    expect(await timeless(job.output())).toBe(expected)
    expect(await jobs.list()).toMatchObject([{ id: 'a/b', state: 'done' }])
    // the process that runs this test’s is alive
    await writeFile(join(storage, 'a%2Fb@lock'), String(process.ppid))
    await expect(jobs.open('a/b')).rejects.toThrow(`is worked on by process ${process.ppid} already`)
    await expect(jobs.delete('a/b')).rejects.toThrow(`is worked on by process ${process.ppid} already`)
    await expect(jobs.start(requests(1), { id: 'a/b' })).rejects.toThrow(`is worked on by process ${process.ppid}`)
    expect(await timeless(job.output())).toBe(expected)
    // and this one has long ended
    await writeFile(join(storage, 'a%2Fb@lock'), '999999999')
    await (await jobs.open('a/b')).finished()
    await rm(storage, { recursive: true })
  })
})
