import { afterEach, describe, expect, inject, test, vi } from 'vitest'
import { createEngine, InvalidRequest, type WorkerEngineOptions, WorkerFailed } from '../../src/client'
import { createEngine as createEngineHere, type Engine, evictCached } from '../../src/index'
// by this, since the test runner writes into modules of pages what a worker lacks
import workerUrl from '../../src/worker/host-worker.ts?worker&url'
import { CONNECT } from '../../src/worker/protocol'
import { readAll } from '../loader/hub/hub-contract'
import { TINY, TINY_SEED } from '../support/engine'
import { engineContract } from '../support/engine-contract'
import { publish } from '../support/fake-repository'
import { seededModel } from '../support/seeded-weights'

const NAMES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors']
const long = { maxTokens: 100, ignoreEos: true }

/** The files of the tiny model, as somebody drops them. */
const files = await Promise.all(
  NAMES.map(async name => new File([new Uint8Array(await readAll(seededModel(TINY, TINY_SEED), name))], name)),
)
// a small budget compiles fewest kernels, which take a software adapter long
const small = { blocks: 256, contextLength: 128, tokenBudget: 2, cache: false, workerUrl } as const

const opened: Engine[] = []
const workers: Worker[] = []
afterEach(() => {
  for (const engine of opened.splice(0)) engine.dispose()
  for (const worker of workers.splice(0)) worker.terminate()
})

async function open(options: WorkerEngineOptions = {}): Promise<Engine> {
  const engine = await createEngine(files, { ...small, ...options })
  opened.push(engine)
  return engine
}

/** A worker of the page's own, that has the host in it. */
function ownWorker(): Worker {
  const worker = new Worker(workerUrl, { type: 'module' })
  workers.push(worker)
  return worker
}

engineContract('an engine in a dedicated worker', () => createEngine(files, small))

/** The host's script, and more code in the same worker. */
function hostWith(code: string): string {
  const script = `import '${new URL(workerUrl, location.href)}'\n${code}`
  return URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
}

/** Tells what its engines have taken of the GPU, stumbles and closes, when a page says so. */
const sharedUrl = hostWith(`
  let bytes = 0
  const make = GPUDevice.prototype.createBuffer
  GPUDevice.prototype.createBuffer = function (descriptor) {
    bytes += descriptor.size
    return make.call(this, descriptor)
  }
  addEventListener('connect', ({ ports: [port] }) => {
    port.addEventListener('message', ({ data }) => {
      if (data === 'bytes') port.postMessage(bytes)
      if (data === 'stumble') throw new Error('stumbled')
      if (data === 'close') close()
    })
  })`)
// the tests have one engine, which stays over all of them
const shared = { ...small, worker: 'shared', graceMs: 60_000, workerUrl: sharedUrl } as const

engineContract('an engine in a shared worker', () => createEngine(files, shared))

describe('an engine in a shared worker', () => {
  /** The worker of these tests itself. */
  const itself = () => {
    const options = { type: 'module', name: CONNECT, extendedLifetime: true } as WorkerOptions
    const { port } = new SharedWorker(sharedUrl, options)
    port.start()
    return port
  }
  const gpuBytes = async () => {
    const port = itself()
    port.postMessage('bytes')
    return new Promise<number>(resolve => port.addEventListener('message', ({ data }) => resolve(data)))
  }

  test('is that of another tab, which has it without a byte more on the GPU, and closes without a word', async () => {
    const engine = await open(shared)
    const before = await gpuBytes()
    expect(before).toBeGreaterThan(0)
    const staying = engine.generate(['Hello', [1, 2, 3]], long)

    const frame = document.body.appendChild(document.createElement('iframe'))
    const other = frame.contentWindow as Window & typeof globalThis
    Object.assign(other, { __vitest_browser_runner__: Reflect.get(window, '__vitest_browser_runner__') })
    const client: { createEngine: typeof createEngine } = await other.eval("import('/src/client.ts')")
    const second = await client.createEngine(files, shared)
    const [{ tokenIds }] = await second.generate([[1, 2, 3]], { ...long, maxTokens: 2 }).all()
    expect(await gpuBytes()).toBe(before)
    await second.generate([[4], [5]], long).plan
    expect((await engine.stats()).running).toBeGreaterThanOrEqual(2)
    frame.remove()

    const results = await staying.all()
    expect(results.map(each => each.tokenIds.length)).toEqual([100, 100])
    expect(results[1].tokenIds.slice(0, 2)).toEqual(tokenIds)
    await vi.waitFor(async () => {
      expect(await engine.stats()).toMatchObject({ running: 0, waiting: 0, usedBlocks: 0 })
    })
  })

  test('refuses what cannot leave the page by the call that had it', async () => {
    const engine = await open(shared)
    const running = engine.generate([[1]], long).all()
    const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))
    const prompt = [{ role: 'user', content: 'Hello', module }]
    await expect(engine.tokenize(prompt)).rejects.toBeInstanceOf(InvalidRequest)
    await expect(engine.generate([prompt]).all()).rejects.toThrow(/^The worker cannot read this/)
    expect((await running)[0].tokenIds).toHaveLength(100)
  })

  test('fails for every tab at once when an error escapes in its worker, and when that ends', async () => {
    for (const [order, message] of [
      ['stumble', /stumbled/],
      ['close', /has ended/],
    ] as const) {
      const engines = [await open(shared), await open(shared)]
      const running = Promise.allSettled(engines.map(engine => engine.generate([[1]], long).all()))
      itself().postMessage(order)
      for (const outcome of await running) {
        expect(outcome).toMatchObject({ reason: { name: 'WorkerFailed', message: expect.stringMatching(message) } })
      }
      for (const engine of engines) expect(await engine.lost).toBeInstanceOf(WorkerFailed)
    }
  })

  test('is in a worker of the page’s own where those of several tabs have no WebGPU, and says so', async () => {
    const url = hostWith("if ('onconnect' in self) Object.defineProperty(navigator, 'gpu', { value: undefined })")
    const engine = await open({ worker: 'shared', workerUrl: url })
    expect(engine.decisions.at(-1)).toMatch(/^engine in a worker of this page alone, .*no WebGPU/)
    expect(await engine.generate([[1]], { ...long, maxTokens: 2 }).all()).toHaveLength(1)
  })

  test('says what to do when its script is not there', async () => {
    const opening = open({ worker: 'shared', workerUrl: '/no/such/file.js' })
    await expect(opening).rejects.toBeInstanceOf(WorkerFailed)
    await expect(opening).rejects.toThrow(/its file does not load\. Its file is the module coppice\/host/)
  })
})

describe('an engine in a dedicated worker', () => {
  test('answers as the engine on this thread does, and packs in workers', async () => {
    const { workerUrl: _, ...options } = small
    const here = await createEngineHere(files, options)
    opened.push(here)
    const there = await open()
    const prompts = ['Hello', [1, 2, 3], 'Hello, you']
    const params = { maxTokens: 6, ignoreEos: true, temperature: 1, seed: 3, logprobs: 2 }
    expect(await there.generate(prompts, params).all()).toEqual(await here.generate(prompts, params).all())
    const { decisions, ...rest } = there
    expect(decisions).toEqual(here.decisions)
    expect(rest.memory).toEqual(here.memory)
    expect(decisions.filter(line => line.startsWith('weights packed on this thread'))).toEqual([])
  })

  test('opens a model of the hub, and tells the page how far it is', async () => {
    const texts = await Promise.all(files.slice(0, 3).map(async file => [file.name, await file.text()] as const))
    const values = [...new Uint8Array(await files[3].arrayBuffer())]
    const repository = { files: { ...Object.fromEntries(texts), 'model.safetensors': { values } } }
    const { host } = await publish(inject('hubUrl'), repository)
    const onProgress = vi.fn()
    const engine = await createEngine('org/name', { ...small, hub: { host }, onProgress })
    opened.push(engine)
    expect(engine.modelName).toBe('org/name@0123456')
    expect(onProgress).toHaveBeenCalledWith(expect.objectContaining({ file: 'model.safetensors' }))
    await evictCached()
  })

  test('is in the page’s own worker if that has the host, which goes on after it', async () => {
    const worker = ownWorker()
    for (let round = 0; round < 2; round++) {
      const engine = await open({ worker })
      expect(await engine.generate([[1]], { maxTokens: 2, ignoreEos: true }).all()).toHaveLength(1)
      engine.dispose()
    }
  })

  test('fails every call at once when its worker is terminated', async () => {
    const worker = ownWorker()
    const engine = await open({ worker })
    const running = engine.generate([[1], [2]], long)
    await running.plan
    const all = running.all()
    const began = performance.now()
    worker.terminate()
    await expect(all).rejects.toBeInstanceOf(WorkerFailed)
    expect(performance.now() - began).toBeLessThan(2000)
    expect(await engine.lost).toBeInstanceOf(WorkerFailed)
    expect(() => engine.generate([[1]])).toThrow(WorkerFailed)
    await expect(engine.stats()).rejects.toBeInstanceOf(WorkerFailed)
  })

  test('fails when an error escapes in its worker', async () => {
    const url = hostWith(
      "addEventListener('message', ({ data }) => { if (data === 'stumble') throw new Error('stumbled') })",
    )
    const worker = new Worker(url, { type: 'module' })
    workers.push(worker)
    const engine = await open({ worker })
    // the page has handlers of its own, which would take it for an error of the test
    worker.addEventListener('error', event => event.preventDefault())
    const all = engine.generate([[1]], long).all()
    worker.postMessage('stumble')
    await expect(all).rejects.toThrow(/stumbled/)
  })

  test('says what to do when its script is not there', async () => {
    const opening = open({ workerUrl: 'data:text/javascript,import"/no/such/file.js"' })
    await expect(opening).rejects.toBeInstanceOf(WorkerFailed)
    await expect(opening).rejects.toThrow(/its file does not load\. Its file is the module coppice\/host/)
  })

  test('refuses what is no worker, and options that cannot cross or that nobody knows', async () => {
    await expect(open({ worker: 'yes' as never })).rejects.toThrow(InvalidRequest)
    await expect(open({ device: {} } as never)).rejects.toThrow('Engine option device cannot go into a worker')
    await expect(open({ blokcs: 3 } as never)).rejects.toThrow('Unknown engine option blokcs')
    await expect(open({ blokcs: 3 } as never)).rejects.toBeInstanceOf(InvalidRequest)
  })
})
