import { beforeAll, describe, expect, it } from 'vitest'
import { createEngine, type ModelSource } from '../../src/index'
import { sharedDevice } from '../support/device'
import { TINY, TINY_SEED } from '../support/engine'
import { seededModel } from '../support/seeded-weights'

/** What an engine's loading asks for, in order: programs, by their text, and where files are read from. */
async function asked(): Promise<readonly (GPUShaderModuleDescriptor | number)[]> {
  const device = await sharedDevice()
  const events: (GPUShaderModuleDescriptor | number)[] = []
  const spied = new Proxy(device, {
    get: (_, name: keyof GPUDevice) => {
      const value = device[name]
      if (name === 'createShaderModule') {
        return (descriptor: GPUShaderModuleDescriptor) => {
          events.push(descriptor)
          return device.createShaderModule(descriptor)
        }
      }
      return typeof value === 'function' ? value.bind(device) : value
    },
  })
  const model = seededModel(TINY, TINY_SEED)
  const source: ModelSource = {
    ...model,
    open(file, signal, begin = 0) {
      if (file.endsWith('.safetensors')) events.push(begin)
      return model.open(file, signal, begin)
    },
  }
  const engine = await createEngine(source, { device: spied, blocks: 64 })
  await engine.generate([[1, 2, 3]], { maxTokens: 3, ignoreEos: true }).all()
  engine.dispose()
  return events
}

describe('a model’s programs', () => {
  let events: readonly (GPUShaderModuleDescriptor | number)[]
  beforeAll(async () => {
    events = await asked()
  })

  it('all compile from before the first byte of a weight is asked for', () => {
    const isRead = events.map(event => typeof event === 'number')
    // the header, then everything else
    expect(isRead.indexOf(true)).toBe(0)
    expect(isRead.lastIndexOf(true)).toBe(events.length - 1)
    expect(isRead.filter(Boolean)).toHaveLength(2)
    expect(events.length).toBeGreaterThan(10)
  })

  it('are the same byte for byte each time, for the browser’s cache', async () => {
    expect(await asked()).toEqual(events)
  })
})
