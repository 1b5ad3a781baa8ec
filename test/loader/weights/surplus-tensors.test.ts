import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import { describeModel, readModelFiles } from '../../../src/loader/model-files'
import { openSafetensors } from '../../../src/loader/safetensors/checkpoint'
import { streamRows } from '../../../src/loader/weights/stream-rows'
import { type Files, memorySource, safetensorsFile } from '../memory-source'

/** What the model needs: one tensor. */
const NEEDED = new Map([['model.norm.weight', [2]]])
const INDEX = 'model.safetensors.index.json'

type Input = readonly [name: string, dtype: string, shape: readonly number[], elementBytes: number]

const NORM: Input = ['model.norm.weight', 'F32', [2], 4]

/** A file of zeros. */
function file(inputs: readonly Input[]) {
  let end = 0
  const entries = inputs.map(([name, dtype, shape, elementBytes]) => {
    const begin = end
    end += shape.reduce((product, size) => product * size, elementBytes)
    return [name, { dtype, shape, data_offsets: [begin, end] }]
  })
  return safetensorsFile(Object.fromEntries(entries), new Uint8Array(end))
}

async function load(files: Files): Promise<string[]> {
  const source = memorySource(files)
  const names: string[] = []
  const checkpoint = await openSafetensors(source, undefined)
  for await (const { name } of streamRows(source, checkpoint, NEEDED)) names.push(name)
  return names
}

const loadWith = (surplus: Input) => load({ 'model.safetensors': file([surplus, NORM]) })

describe('tensors that no model computes with are ignored', () => {
  test.each<Input>([
    ['model.embeddings.position_ids', 'I64', [1, 4], 8],
    ['position_ids', 'F32', [4], 4],
    ['model.layers.0.self_attn.rotary_emb.inv_freq', 'F32', [4], 4],
    ['model.rotary_emb.original_inv_freq', 'BF16', [4], 2],
    ['model.layers.0.self_attn.rotary_emb.cos_cached', 'F16', [4], 2],
    ['transformer.h.0.attn.bias', 'U8', [1, 1, 4, 4], 1],
    ['model.causal_mask', 'BOOL', [4, 4], 1],
    ['num_tokens_seen', 'I64', [], 8],
    ['model.layers.0.steps', 'U32', [1], 4],
    ['model.layers.0.clock', 'I16', [1], 2],
    ['v_head.summary.weight', 'F32', [1, 2], 4],
  ])('%s in %s', async (...surplus) => {
    expect(await loadWith(surplus)).toEqual(['model.norm.weight'])
  })

  test('but not others that could be weights', async () => {
    const adapter = loadWith(['model.layers.0.adapter.weight', 'F32', [1], 4])
    await expect(adapter).rejects.toThrow(CorruptCheckpoint)
    await expect(adapter).rejects.toThrow('holds tensor model.layers.0.adapter.weight, which the model')
  })
})

test('a tensor that the model needs is refused by its dtype if that is one of integers', async () => {
  for (const [dtype, bytes] of [
    ['I64', 8],
    ['U32', 4],
    ['I8', 1],
  ] as const) {
    const loading = load({ 'model.safetensors': file([['model.norm.weight', dtype, [2], bytes]]) })
    await expect(loading).rejects.toThrow(UnsupportedModel)
    await expect(loading).rejects.toThrow(
      `tensor model.norm.weight has dtype ${dtype}; supported are F32, F16, BF16, and integers where config.json says`,
    )
  }
})

test('a matrix that is quantised though config.json does not say so is refused for that', async () => {
  const files = { 'model.safetensors': file([['model.norm.qweight', 'I32', [2], 4]]) }
  await expect(load(files)).rejects.toThrow('tensor model.norm.qweight has dtype I32; supported are')
})

describe('an index counts for the tensors that the model needs', () => {
  const shard = 'a-1.safetensors'
  const index = (...names: string[]) =>
    JSON.stringify({ weight_map: Object.fromEntries(names.map(each => [each, shard])) })
  const [norm] = NORM

  test('it may list what no file has: a head that is the embedding, a buffer', async () => {
    const listed = index(norm, 'lm_head.weight', 'model.layers.0.self_attn.rotary_emb.inv_freq', 'model.extra.weight')
    expect(await load({ [INDEX]: listed, [shard]: file([NORM]) })).toEqual([norm])
  })

  test('it may miss what the model has no use for', async () => {
    const inputs: Input[] = [
      ['model.layers.0.self_attn.rotary_emb.inv_freq', 'F32', [4], 4],
      ['lm_head.weight', 'F32', [1, 2], 4],
      ['position_ids', 'I64', [4], 8],
    ]
    expect(await load({ [INDEX]: index(norm), [shard]: file([...inputs, NORM]) })).toEqual([norm])
  })

  test('it must list what the model needs, where it is', async () => {
    const loading = load({ [INDEX]: index('lm_head.weight'), [shard]: file([NORM]) })
    await expect(loading).rejects.toThrow(`${shard} holds tensor ${norm}, which ${INDEX} does not put there.`)
    const elsewhere = load({ [INDEX]: index(norm), [shard]: file([['lm_head.weight', 'F32', [1, 2], 4]]) })
    await expect(elsewhere).rejects.toThrow(`${shard} lacks tensor ${norm}, which ${INDEX} puts there.`)
  })
})

describe('the architecture is judged before anything else', () => {
  const describeFiles = async (config: string, files: Files = {}) =>
    describeModel(await readModelFiles(memorySource({ 'config.json': config, ...files })))

  test('whatever other fields and files say', async () => {
    const config = '{"architectures": ["MambaForCausalLM"], "time_step_limit": [0.0, Infinity], "quantization": 3}'
    const damaged: Files[] = [{}, { 'tokenizer.json': 'not JSON' }, { 'generation_config.json': '[' }]
    for (const files of damaged) {
      await expect(describeFiles(config, files)).rejects.toThrow('architectures is ["MambaForCausalLM"]: some of its')
    }
  })

  test('a Llama with words of Python where nothing reads them loads', async () => {
    const sizes =
      '"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1'
    const config = `{"architectures": ["LlamaForCausalLM"], ${sizes}, "max_position_embeddings": 8, "initializer_range": NaN`
    const tokenizer = { 'tokenizer.json': '{}' }
    expect((await describeFiles(`${config}}`, tokenizer)).vocabSize).toBe(8)
    await expect(describeFiles(`${config}, "rope_theta": Infinity}`, tokenizer)).rejects.toThrow(
      'config.json: rope_theta is Infinity, but must be a positive number.',
    )
  })
})
