import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InvalidRequest, UnsupportedModel } from '../../../src/core/errors'
import type { HubOptions } from '../../../src/loader/hub/hub'
import { hubSource } from '../../../src/loader/hub/hub-source'
import { parseHubLocation } from '../../../src/loader/hub/location'
import { readModelFiles } from '../../../src/loader/model-files'
import { openSafetensors } from '../../../src/loader/safetensors/checkpoint'
import type { ModelSource } from '../../../src/loader/sources/source'
import { folderStore } from '../../../src/storage/folder-store'
import { ChatTemplate } from '../../../src/tokenizer/chat-template'
import { type FakeHub, startFakeHub } from '../../support/fake-hub'
import { type Fault, fakeBytes, publish, type Repository } from '../../support/fake-repository'
import { memoryStore } from '../../support/memory-store'
import { chunksOf, hubContract, isEqual, RETRY, readAll } from './hub-contract'

let hub: FakeHub
let folder: string
beforeAll(async () => {
  hub = await startFakeHub()
  folder = await mkdtemp(join(tmpdir(), 'coppice-'))
})
afterAll(async () => {
  hub.close()
  await rm(folder, { recursive: true })
})

describe('a model of the hub, kept in a folder', () => {
  hubContract(
    () => hub.url,
    async () => folderStore(folder),
  )
})

describe('a model of the hub, kept nowhere', () => {
  const WEIGHTS = { bytes: 3e6, seed: 1 }
  const BYTES = fakeBytes(WEIGHTS)

  const FILE = 'model.safetensors'

  async function visit(...faults: Fault[]) {
    const { host } = await publish(hub.url, { files: { [FILE]: WEIGHTS }, faults: { [FILE]: faults } })
    const location = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }
    return hubSource(location, { host }, undefined, { retry: RETRY })
  }

  const read = async (begin: number, ...faults: Fault[]) => readAll(await visit(...faults), FILE, begin)

  test.each([0, 1, 2_999_999, 3_000_000])('is read from byte %d on, whatever passes', async begin => {
    const bytes = await read(begin, { status: 503 }, { dropAfter: 1_000_000 }, { endAfter: 1_000_000 })
    expect(isEqual(bytes, BYTES.subarray(begin))).toBe(true)
  })

  test.each([0, 1_000_000])('fails before its end if a byte is wrong, read from %d on', async begin => {
    await expect(read(begin, { damage: 500_000 })).rejects.toThrow('model.safetensors has arrived damaged')
  })

  test('gives the last chunk of a file only once its sum is right', async () => {
    let length = 0
    const source = await visit({ damage: 0 })
    const reading = (async () => {
      for await (const chunk of chunksOf(source, FILE)) length += chunk.length
    })()
    await expect(reading).rejects.toThrow('has arrived damaged')
    expect(length).toBeGreaterThan(0)
    expect(length).toBeLessThan(BYTES.length)
  })
})

test('a small file that arrives damaged is found without a store too', async () => {
  const { host } = await publish(hub.url, { files: { a: 'text' }, faults: { a: [{ damage: 2 }] } })
  const location = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }
  const source = await hubSource(location, { host }, undefined, { retry: RETRY })
  await expect(readAll(source, 'a')).rejects.toThrow('a has arrived damaged: its SHA-1 is')
})

describe('a repository of GGUF files', () => {
  const open = async (text: string, ...paths: string[]) => {
    const { host } = await publish(hub.url, { files: Object.fromEntries(paths.map(path => [path, path])) })
    const location = parseHubLocation(text)
    if (!location) throw new Error(`${text} is no id`)
    return hubSource(location, { host }, undefined, { retry: RETRY })
  }

  test('gives the file that is meant, in a folder too', async () => {
    const source = await open('org/name:Q8_0', 'a-Q4_0.gguf', 'big/a-Q8_0.gguf')
    expect(source.gguf).toBe('big/a-Q8_0.gguf')
    expect(new TextDecoder().decode(await readAll(source, 'big/a-Q8_0.gguf'))).toBe('big/a-Q8_0.gguf')
  })

  test('must be on a host that is an address', async () => {
    const location = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }
    await expect(hubSource(location, { host: 'example.org' }, undefined)).rejects.toThrow(InvalidRequest)
    for (const host of ['u:secret@example.org', 'https://u:secret@', 'https://example.org/?token=secret']) {
      const failure = await hubSource(location, { host }, undefined).catch(error => error)
      expect(failure).toBeInstanceOf(InvalidRequest)
      expect(String(failure)).not.toContain('secret')
    }
  })

  test('asks which model is meant, and chooses among variants of one', async () => {
    await expect(open('org/name', 'a-Q4_0.gguf', 'b-Q8_0.gguf')).rejects.toThrow(InvalidRequest)
    const source = await open('org/name', 'a-Q4_0.gguf', 'a-Q8_0.gguf')
    expect(source.gguf).toBe('a-Q4_0.gguf')
    expect(source.decisions).toEqual([expect.stringContaining('a-Q4_0.gguf of 2 variants')])
  })
})

describe('a repository', () => {
  const LOCATION = { id: 'org/name', revision: undefined, file: undefined, quantization: undefined }
  const visit = async (repository: Repository, options: HubOptions = {}, id = 'org/name') => {
    const { host } = await publish(hub.url, repository)
    return hubSource({ ...LOCATION, id }, { host, ...options }, undefined, { retry: RETRY })
  }
  const text = async (source: ModelSource, file: string) => new TextDecoder().decode(await readAll(source, file))

  test('that was renamed is read by either name, and says so', async () => {
    const source = await visit({ files: { 'config.json': '{}' }, formerly: 'org/old' }, {}, 'org/old')
    expect(await text(source, 'config.json')).toBe('{}')
    expect(source.decisions).toEqual(['org/old is called org/name now'])
  })

  test('that is gated says so, whatever the status, and is read with a token', async () => {
    const repository: Repository = { files: { 'config.json': '{}' }, token: 'hf_x', isGated: true }
    const gated = /org\/name is gated\. Accept its terms at .*\/org\/name, and give an access token/
    await expect(readAll(await visit(repository), 'config.json')).rejects.toThrow(gated)
    const coded = { files: {}, faults: { api: [{ status: 401, code: 'GatedRepo' }] } }
    await expect(visit(coded)).rejects.toThrow(gated)
    expect(await text(await visit(repository, { token: 'hf_x' }), 'config.json')).toBe('{}')
  })

  test('without the revision asked for says that it has none', async () => {
    const faults = { api: [{ status: 404, code: 'RevisionNotFound' }] }
    await expect(visit({ files: {}, faults }, { revision: 'v9' })).rejects.toThrow('no such branch, tag or commit')
  })

  test('is read in the folder and the variant that the options name', async () => {
    const files = {
      'config.json': 'root',
      'sub/config.json': 'sub',
      'sub/model.safetensors': 'plain',
      'sub/model.fp16.safetensors': 'half',
    }
    const source = await visit({ files }, { subfolder: '/sub/', variant: 'fp16' })
    expect(source.name).toBe('org/name@0123456/sub')
    expect(await text(source, 'config.json')).toBe('sub')
    expect(await text(source, 'model.safetensors')).toBe('half')
    expect(source.length?.('model.safetensors')).toBe(4)
    expect(await source.open('model.safetensors.index.json')).toBeUndefined()
    await expect(visit({ files }, { subfolder: 'su' })).rejects.toThrow('org/name has no folder su. There are sub.')
  })

  test('needs room for the shards of the variant that is read, not for those of others', async () => {
    const shards = (name: string, bytes: number) => ({ [name]: { bytes, seed: 1 } })
    const files = {
      ...shards('model-00001-of-00001.safetensors', 1000),
      ...shards('model.fp16-00001-of-00001.safetensors', 5000),
      ...shards('model-00001-of-00001.fp32.safetensors', 9000),
    }
    const { host } = await publish(hub.url, { files })
    const visitWith = (variant?: string) => hubSource(LOCATION, { host, variant }, memoryStore())
    const { navigator } = globalThis
    const storage = { estimate: async () => ({ usage: 0, quota: 6000 }) }
    Object.defineProperty(globalThis, 'navigator', { value: { storage }, configurable: true })
    try {
      await visitWith()
      await visitWith('fp16')
      await expect(visitWith('fp32')).rejects.toThrow('needs 0.0 MB more of storage')
    } finally {
      Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })
    }
  })

  test('is asked for in one place', async () => {
    const twice = hubSource({ ...LOCATION, quantization: 'Q8_0' }, { host: hub.url, variant: 'Q4_0' }, undefined)
    await expect(twice).rejects.toThrow('The id asks for Q8_0, but hub.variant is Q4_0.')
    const unknown = { host: hub.url, varient: 'Q4_0' } as HubOptions
    await expect(hubSource(LOCATION, unknown, undefined)).rejects.toThrow(
      'hub.varient is not an option; there are host',
    )
  })

  test.each([
    [
      { 'adapter_config.json': '{"peft_type":"LORA","base_model_name_or_path":"a/b"}' },
      /is an adapter \(LORA\) of a\/b and no model/,
    ],
    [
      { 'config.json': '{}', 'tokenizer.json': '{}', 'pytorch_model.bin': 'x' },
      /pickles of Python only.*pytorch_model\.bin/,
    ],
    [{ 'config.json': '{}', 'pytorch_model.bin.index.json': '{}' }, /pickles of Python only/],
    [{ 'config.json': '{}', 'tokenizer.json': '{}', 'onnx/model_q4.onnx': 'x' }, /weights as ONNX/],
    [{ 'params.json': '{}', 'consolidated.safetensors': 'x' }, /Mistral's own names/],
    [{ 'model_index.json': '{}' }, /makes images/],
  ] as const)('of %j says what it has instead of a model', async (files, why) => {
    const source = await visit({ files })
    const load = async () => {
      await readModelFiles(source)
      await openSafetensors(source, undefined)
    }
    const failure = await load().catch(error => error)
    expect(failure).toBeInstanceOf(UnsupportedModel)
    expect(String(failure)).toMatch(why)
  })

  test('with a template for tools beside that of chats has both', async () => {
    const files = {
      'config.json': '{"architectures":["LlamaForCausalLM"]}',
      'tokenizer.json': '{}',
      'chat_template.jinja': 'plain',
      'additional_chat_templates/tool_use.jinja': 'tools',
    }
    const { tokenizerConfig, chatTemplate } = await readModelFiles(await visit({ files }))
    const template = new ChatTemplate(tokenizerConfig, chatTemplate)
    expect(template.render([])).toBe('plain')
    expect(template.render([], { variables: { tools: [{}] } })).toBe('tools')
  })
})
