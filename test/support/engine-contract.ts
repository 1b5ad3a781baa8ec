/** The laws of every engine, wherever it runs. Its model is the tiny one of test/support/engine.ts, its context 128 tokens. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Disposed, type Engine, type EngineEvent, type GenerationResult, InvalidRequest } from '../../src/index'
import { EngineState } from '../../src/watch'
import { plainSnapshot } from './plain-snapshot'

const few = { maxTokens: 4, ignoreEos: true }
const chat = [{ role: 'user', content: 'Hi' }]

export function engineContract(name: string, make: () => Promise<Engine>): void {
  describe(name, () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await make()
    })
    afterAll(() => engine.dispose())

    const drained = { running: 0, waiting: 0, usedBlocks: 0 }

    it('says what it is in plain data', () => {
      const { modelName, config, memory, decisions, weights } = engine
      const said = { modelName, config, memory, decisions, weights }
      expect(structuredClone(said)).toEqual(said)
      expect([config.vocabSize, memory.contextLength]).toEqual([301, 128])
    })

    describe('generate', () => {
      it('gives each prompt one result, `.all()` in their order, and its plan', async () => {
        const generation = engine.generate(['Hello', chat, [1, 2, 3], ''], few)
        expect(generation.size).toBe(4)
        const { order, promptTokens } = await generation.plan
        const results = await generation.all()
        expect(results.map(({ index }) => index)).toEqual([0, 1, 2, 3])
        expect(results.map(({ finishReason }) => finishReason)).toEqual(['length', 'length', 'length', 'error'])
        expect(results[3].error).toBeInstanceOf(InvalidRequest)
        expect(results[2].promptTokenIds).toEqual([1, 2, 3])
        expect(results.map(({ tokenIds }) => tokenIds.length)).toEqual([4, 4, 4, 0])
        expect(results.map(({ usage }) => usage.completionTokens)).toEqual([4, 4, 4, 0])
        expect([...order].sort()).toEqual([0, 1, 2])
        expect(promptTokens).toBe(results.reduce((sum, { usage }) => sum + usage.promptTokens, 0))
        expect(await engine.stats()).toMatchObject(drained)
      })

      it('says of each prompt how many of its tokens others had computed', async () => {
        const { savedTokens } = await engine.stats()
        const own = Array.from({ length: 40 }, (_, index) => 200 + index)
        const results = await engine.generate([own, own, [...own.slice(0, 32), 7]], few).all()
        expect(results.map(({ usage }) => usage.cachedTokens).sort((a, b) => a - b)).toEqual([0, 32, 39])
        expect((await engine.stats()).savedTokens - savedTokens).toBe(71)
      })

      it('throws mistakes at once, and runs nothing', async () => {
        const { steps } = await engine.stats()
        expect(() => engine.generate('text' as never)).toThrow(InvalidRequest)
        expect(() => engine.generate(['a'], { maxTokens: 0 })).toThrow(InvalidRequest)
        expect(() => engine.generate(['a'], few, { priority: 'high' as never })).toThrow(InvalidRequest)
        expect(() => engine.generate(['a'], few, { signal: AbortSignal.abort(new Error('enough')) })).toThrow('enough')
        expect((await engine.stats()).steps).toBe(steps)
      })

      it('gives the pieces of each text as they come: joined they are the result’s', async () => {
        const texts = ['', '', '']
        const onText = (text: string, index: number) => {
          texts[index] += text
        }
        const results = await engine.generate([[72], [101, 102], chat], few, { onText }).all()
        expect(results.map(({ text }) => text)).toEqual(texts)
      })

      it('gives a call of no prompts no results, and a plan', async () => {
        const generation = engine.generate([])
        expect(await generation.all()).toEqual([])
        expect(await generation.plan).toMatchObject({ treeTokens: 0 })
      })

      it('ends a call whose `onText` throws, with what that threw and what there is; others go on', async () => {
        const failing = { ...few, maxTokens: 100 }
        const onText = () => {
          throw new Error('mine')
        }
        // a token that is text, whatever the model thinks
        const params = { ...failing, logitBias: { 97: 1e6 } }
        const seen: GenerationResult[] = []
        const reading = (async () => {
          for await (const result of engine.generate([[1], [2]], params, { onText })) seen.push(result)
        })()
        const other = engine.generate([[3]], few).all()
        await expect(reading).rejects.toThrow('mine')
        expect(seen.map(({ finishReason }) => finishReason)).toEqual(['abort', 'abort'])
        expect((await other)[0].finishReason).toBe('length')
        expect(await engine.stats()).toMatchObject(drained)
      })

      it('says of each token asked for what it adds to the text', async () => {
        const params = { ...few, logprobs: 2 }
        const [{ text, tokenIds, logprobs = [] }] = await engine.generate(['Hello'], params).all()
        expect(logprobs.map(({ tokenId }) => tokenId)).toEqual(tokenIds)
        expect(new TextDecoder().decode(Uint8Array.from(logprobs.flatMap(({ bytes }) => bytes)))).toBe(text)
        for (const { topLogprobs } of logprobs) expect(topLogprobs).toHaveLength(2)
      })

      it('stops at a signal: prompts deliver what they have, then its reason is thrown', async () => {
        const abort = new AbortController()
        const params = [2, 100].map(maxTokens => ({ ...few, maxTokens }))
        const seen: GenerationResult[] = []
        const reading = (async () => {
          for await (const result of engine.generate([[1], [2]], params, { signal: abort.signal })) {
            seen.push(result)
            abort.abort(new Error('enough'))
          }
        })()
        await expect(reading).rejects.toThrow('enough')
        expect(seen.map(({ finishReason }) => finishReason)).toEqual(['length', 'abort'])
        expect(await engine.stats()).toMatchObject(drained)
      })

      it('hands results out once', async () => {
        const generation = engine.generate([[1]], few)
        await generation.all()
        await expect(generation.all()).rejects.toBeInstanceOf(InvalidRequest)
      })
    })

    it('streams the text of one prompt and returns its result', async () => {
      const stream = engine.stream('Hello', few)
      let text = ''
      let next = await stream.next()
      for (; !next.done; next = await stream.next()) text += next.value
      const [whole] = await engine.generate(['Hello'], few).all()
      expect(next.value).toMatchObject({ text, tokenIds: whole.tokenIds })
      expect(text).toBe(whole.text)
      await expect(engine.stream('').next()).rejects.toBeInstanceOf(InvalidRequest)
    })

    it('plans what it would do, and does nothing', async () => {
      const { steps } = await engine.stats()
      const plan = await engine.plan([[1, 2, 3], [1, 2, 4], ''], few)
      expect(plan).toMatchObject({ promptTokens: 6, treeTokens: 4 })
      expect((await engine.stats()).steps).toBe(steps)
      await expect(engine.plan(['a'], { maxTokens: 0 })).rejects.toBeInstanceOf(InvalidRequest)
    })

    it('makes the tokens of a prompt that `generate` makes, and text of them', async () => {
      for (const prompt of ['Hello, 🌱', chat, [1, 2, 3]]) {
        const [{ promptTokenIds }] = await engine.generate([prompt], few).all()
        expect(await engine.tokenize(prompt)).toEqual(promptTokenIds)
      }
      const long = 'one two '.repeat(100)
      const ids = await engine.tokenize(long)
      expect(ids.length).toBeGreaterThan(engine.memory.contextLength)
      expect(await engine.detokenize(ids)).toBe(long)
      const written = await engine.tokenize(chat)
      expect(await engine.detokenize(written, { skipSpecialTokens: false })).not.toBe(await engine.detokenize(written))
      await expect(engine.tokenize({} as never)).rejects.toBeInstanceOf(InvalidRequest)
    })

    it('checks parameters without a call', async () => {
      await engine.checkParams(few)
      await expect(engine.checkParams({ temperature: -1 })).rejects.toThrow('temperature is -1')
    })

    it('counts as of the call, and what was counted stays', async () => {
      const before = await engine.stats()
      const { ...copy } = before
      await engine.generate([[1]], few).all()
      const after = await engine.stats()
      expect(before).toEqual(copy)
      expect(after.steps).toBeGreaterThan(before.steps)
      expect(structuredClone(after)).toEqual(after)
    })

    describe('watch', () => {
      it('tells how things stand, then of what happens, which comes to what `inspect` says; until it is ended', async () => {
        const events: EngineEvent[] = []
        const state = new EngineState()
        const stop = engine.watch(some => {
          events.push(...some)
          state.apply(some)
        })
        await engine.inspect()
        const results = await engine.generate([[1, 2, 3, 4], [1, 2, 3, 5], ''], few).all()
        // the first may find the listener busy
        await engine.inspect()
        const snapshot = await engine.inspect()
        expect(plainSnapshot(state.snapshot())).toBe(plainSnapshot(snapshot))
        expect(structuredClone(snapshot)).toEqual(snapshot)
        expect([events[0].kind, snapshot.calls, state.claims.size]).toEqual(['snapshot', [], 0])
        const of = <K extends EngineEvent['kind']>(kind: K) =>
          events.filter((event): event is Extract<EngineEvent, { kind: K }> => event.kind === kind)
        const [{ first, size, plan }] = of('call')
        expect([size, plan.tree]).toEqual([3, { parents: [-1], ends: [3], runOf: [0, 0, -1] }])
        expect(of('call-end').at(-1)?.first).toBe(first)
        const drawn = [0, 0]
        for (const { chunks } of of('step')) {
          for (let at = 0; at < chunks.length; at += 4) drawn[chunks[at] - first] += chunks[at + 3]
        }
        expect(drawn).toEqual(results.slice(0, 2).map(({ tokenIds }) => tokenIds.length))
        expect(of('step').flatMap(({ ended }) => [...ended])).toEqual([first, first + 1])
        stop()
        const { length } = events
        await engine.generate([[1]], few).all()
        expect(events).toHaveLength(length)
      })

      it('has one that throws told no more, and disturbs nobody', async () => {
        const uncaught: unknown[] = []
        const { queueMicrotask: later } = globalThis
        globalThis.queueMicrotask = task =>
          later(() => {
            try {
              task()
            } catch (error) {
              uncaught.push(error)
            }
          })
        let calls = 0
        engine.watch(() => {
          calls += 1
          throw new Error('mine')
        })
        await engine.inspect()
        expect((await engine.generate([[1]], few).all())[0].finishReason).toBe('length')
        globalThis.queueMicrotask = later
        expect([calls, uncaught]).toEqual([1, [new Error('mine')]])
        expect(() => engine.watch(3 as never)).toThrow('The listener is 3, but must be a function.')
      })
    })

    it('says how many prompts are read', async () => {
      const seen: unknown[] = []
      const onProgress = (progress: unknown) => void seen.push(progress)
      await engine.plan([[1], '', [2]], few, { onProgress })
      expect(seen.at(-1)).toEqual({ done: 3, of: 3 })
      await engine.generate([[1], [2]], few, { onProgress }).all()
      expect(seen.at(-1)).toEqual({ done: 2, of: 2 })
      const throwing = {
        onProgress: () => {
          throw new Error('mine')
        },
      }
      await expect(engine.plan([[1]], few, throwing)).rejects.toThrow('mine')
      await expect(engine.generate([[1]], few, throwing).all()).rejects.toThrow('mine')
      expect(await engine.stats()).toMatchObject(drained)
    })

    it('tells nothing of kernels’ times unless that is asked for', async () => {
      expect((await engine.kernelTimes()).size).toBe(0)
    })

    it('ends everything with Disposed when it is disposed', async () => {
      const other = await make()
      const running = other.generate([[1]], { ...few, maxTokens: 100 }).all()
      other.dispose()
      await expect(running).rejects.toBeInstanceOf(Disposed)
      expect(() => other.generate([[1]])).toThrow(Disposed)
      expect(() => other.watch(() => undefined)).toThrow(Disposed)
      await expect(other.inspect()).rejects.toBeInstanceOf(Disposed)
      const late = [other.plan([[1]]), other.tokenize('a'), other.detokenize([1]), other.checkParams({})]
      for (const each of late) await expect(each).rejects.toBeInstanceOf(Disposed)
      await expect(other.stream([1]).next()).rejects.toBeInstanceOf(Disposed)
      expect(await Promise.race([other.lost, Promise.resolve('pending')])).toBe('pending')
      other.dispose()
    })
  })
}
