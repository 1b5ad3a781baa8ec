import { assert, expect, test, vi } from 'vitest'
import { ARCHITECTURE_NAMES, GGUF_ARCHITECTURES } from '../../../src/loader/architectures'
import { UnknownArchitecture } from '../../../src/loader/architectures/unknown-architecture'
import { whyUnsupported } from '../../../src/loader/architectures/unsupported'
import { parseModelConfig } from '../../../src/loader/config/model-config'

/** Names in `architectures` of models that people bring, with what the sentence must say and the nearest that loads. */
const REFUSED: readonly (readonly [name: string, why: string, nearest: string])[] = [
  ['Qwen3_5ForConditionalGeneration', 'linear attention', 'Qwen 3'],
  ['Qwen3NextForCausalLM', 'linear attention', 'Qwen 3'],
  ['Lfm2ForCausalLM', 'short convolutions', 'Qwen 3'],
  ['GraniteMoeHybridForCausalLM', 'state spaces', 'Granite 3.3'],
  ['FalconH1ForCausalLM', 'state spaces', 'Falcon 3'],
  ['NemotronHForCausalLM', 'state spaces', 'Llama 3.2'],
  ['MambaForCausalLM', 'state spaces', 'SmolLM3'],
  ['Rwkv7ForCausalLM', 'recurrent network', 'SmolLM3'],
  ['Qwen3MoeForCausalLM', 'experts', 'Qwen 3'],
  ['GptOssForCausalLM', 'experts', 'Qwen 3'],
  ['MixtralForCausalLM', 'experts', 'Qwen 3'],
  ['DeepseekV3ForCausalLM', 'experts', 'Qwen 3'],
  ['OlmoeForCausalLM', 'experts', 'OLMo 3'],
  ['Gemma3nForConditionalGeneration', 'embeddings of their own', 'Gemma 3'],
  ['Gemma4ForConditionalGeneration', 'embeddings of their own', 'Gemma 3'],
  ['apertus', 'the numbers of its activation', 'the same model as safetensors'],
  ['MiniCPM3ForCausalLM', 'latent attention', 'MiniCPM 4'],
  ['BertModel', 'encoder', 'Qwen 3'],
  ['XLMRobertaForSequenceClassification', 'encoder', 'Qwen 3'],
  ['ModernBertForMaskedLM', 'encoder', 'Qwen 3'],
  ['T5ForConditionalGeneration', 'encoder with a decoder', 'Gemma 3'],
  ['BartForConditionalGeneration', 'encoder with a decoder', 'Gemma 3'],
  ['WhisperForConditionalGeneration', 'hears or speaks', 'Qwen 3'],
  ['CLIPModel', 'images only', 'Gemma 3'],
  ['SiglipModel', 'images only', 'Gemma 3'],
  ['LEDForConditionalGeneration', 'encoder with a decoder', 'Gemma 3'],
  ['EsmForMaskedLM', 'encoder', 'Qwen 3'],
  ['MiniMaxText01ForCausalLM', 'linear attention', 'OLMo 3'],
  ['MiniMaxM2ForCausalLM', 'experts', 'Qwen 3'],
  ['VitsModel', 'hears or speaks', 'Qwen 3'],
  ['ViTForImageClassification', 'images only', 'Gemma 3'],
  ['SambaForCausalLM', 'state spaces', 'SmolLM3'],
  ['SamModel', 'images only', 'Gemma 3'],
  ['BaichuanForCausalLM', 'one tensor', 'Llama 3.2'],
  ['PaliGemmaForConditionalGeneration', 'how its text part lies in it', 'Qwen3-VL'],
]

test.each(REFUSED)(
  '%s is refused because of %s, in one sentence, before anything else of it is read',
  async (name, why, nearest) => {
    const config = { architectures: [name], vocab_size: 'damaged' }
    const sentence = whyUnsupported(name) ?? ''
    expect(sentence).toContain(why)
    expect(sentence).toContain(`; the nearest that loads is ${nearest}`)
    expect(sentence.match(/\./g)?.length, sentence).toBeLessThanOrEqual(2)
    const error = thrownBy(() => parseModelConfig(config))
    assert(error instanceof UnknownArchitecture)
    expect((await error.explained()).message).toBe(`config.json: architectures is ["${name}"]: ${sentence}`)
  },
)

test.each([
  'qwen35',
  'lfm2',
  'granitehybrid',
  'falcon-h1',
  'nemotron_h',
  'mamba2',
  'qwen3moe',
  'gpt-oss',
  'minimax-m2',
  'qwen2vl',
  'qwen3vl',
  'bert',
  'nomic-bert',
  't5',
  'gemma3n',
])('a GGUF file of %s has its reason too', name => {
  expect(whyUnsupported(name)).toContain('; the nearest that loads is ')
})

test('nothing that loads is refused', () => {
  for (const name of [...ARCHITECTURE_NAMES, ...GGUF_ARCHITECTURES.keys()])
    expect(whyUnsupported(name), name).toBeUndefined()
})

test('where the reasons do not load, the model is refused all the same', async () => {
  vi.doMock('../../../src/loader/architectures/unsupported', () => {
    throw new Error('offline')
  })
  const error = new UnknownArchitecture('Qwen3NextForCausalLM', 'config.json: architectures is …', ['A', 'B'])
  const { message } = await error.explained()
  vi.doUnmock('../../../src/loader/architectures/unsupported')
  expect(message).toBe('config.json: architectures is …; supported are A, B.')
})

function thrownBy(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}
