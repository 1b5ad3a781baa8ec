import { expect, it } from 'vitest'
import { createEngine, type Engine, type GenerationParams } from '../../src/index'
import { TINY, TINY_SEED } from '../support/engine'
import { random } from '../support/random'
import { seededModel } from '../support/seeded-weights'

/** The platform's GPU, whose devices are destroyed in the submits given, one after the other, counted from when it is told to. */
function fragileGpu() {
  const devices: GPUDevice[] = []
  let points: number[] = []
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = await navigator.gpu.requestAdapter(options)
    if (!adapter) return null
    const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
      const device = await adapter.requestDevice(descriptor)
      devices.push(device)
      const { queue } = device
      const submit = queue.submit.bind(queue)
      // in Node each look gives another object
      Object.defineProperty(device, 'queue', { value: queue })
      queue.submit = buffers => {
        submit(buffers)
        if (points.length === 0 || --points[0] > 0) return
        points.shift()
        device.destroy()
      }
      return device
    }
    const { features, limits, info } = adapter
    return { features, limits, info, requestDevice } as unknown as GPUAdapter
  }
  return {
    gpu: { requestAdapter } as unknown as GPU,
    devices,
    breakAt: (...submits: number[]) => {
      points = submits
    },
  }
}

/** Rows that share beginnings, greedy and sampled, with whatever an answer's tokens so far decide about those to come. */
const prefix = Array.from({ length: 40 }, (_, index) => (index * 7) % 250)
const prompts = [[...prefix, 1, 2], [...prefix, 3], prefix.slice(0, 20), [9, 8, 7], [...prefix, 1, 5, 6]]
const some = { maxTokens: 24, ignoreEos: true }
const params: GenerationParams[] = [
  some,
  { ...some, temperature: 1, seed: 5, logprobs: 3 },
  { ...some, temperature: 0.8, topP: 0.9, topK: 40, seed: 6, repetitionPenalty: 1.2 },
  { ...some, temperature: 2, seed: 7, stop: ['e', 'a'] },
  { ...some, presencePenalty: 0.5, frequencyPenalty: 0.5, logprobs: 1 },
]

it('rows go on over lost devices with the answers of an undisturbed run, bit for bit', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const dice = random(seed)
  const { gpu, devices, breakAt } = fragileGpu()
  const model = seededModel(TINY, TINY_SEED)
  const run = async (engine: Engine) => {
    const texts = prompts.map(() => '')
    const onText = (text: string, index: number) => {
      texts[index] += text
    }
    const results = await engine.generate(prompts, params, { onText, priority: 'background' }).all()
    return { results, texts }
  }
  const engine = await createEngine(model, { gpu, blocks: 64, tokenBudget: 8, study: { tuning: false } })
  const expected = await run(engine)
  expect(expected.results[1].logprobs).toHaveLength(24)
  // among the 24 steps of the decodes, or of the prompts that other rows' are not; then among those that compute it all again
  breakAt(dice.int(1, 20), dice.int(1, 15))
  expect(await run(engine), `seed ${seed}`).toEqual(expected)
  expect((await engine.stats()).revivals).toBe(2)
  expect(devices).toHaveLength(3)
  engine.dispose()
})
