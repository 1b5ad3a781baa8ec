import { describe, expect, test } from 'vitest'
import { CorruptCheckpoint, UnsupportedModel } from '../../../src/core/errors'
import type { JsonObject } from '../../../src/core/json'
import { parseModelConfig } from '../../../src/loader/config/model-config'
import { openSafetensors } from '../../../src/loader/safetensors/checkpoint'
import { checkTensors } from '../../../src/loader/weights/check-tensors'
import { memorySource, safetensorsFile } from '../memory-source'

const SIZES = {
  vocab_size: 300,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  max_position_embeddings: 512,
}
const HEADS = { num_attention_heads: 4, num_key_value_heads: 2, head_dim: 16 }
const QWEN_ROPE = { rope_theta: 1e6, rms_norm_eps: 1e-6 }

/** A multimodal config.json as published, shrunk, and that of the text model which it holds. */
const PAIRS: Readonly<Record<string, readonly [whole: JsonObject, text: JsonObject]>> = {
  // google/gemma-3-4b-it: sizes that are those of transformers are left out
  'Gemma 3': [
    {
      architectures: ['Gemma3ForConditionalGeneration'],
      boi_token_index: 255_999,
      eoi_token_index: 256_000,
      eos_token_id: [1, 106],
      image_token_index: 262_144,
      initializer_range: 0.02,
      mm_tokens_per_image: 256,
      model_type: 'gemma3',
      text_config: {
        hidden_size: 2560,
        intermediate_size: 10_240,
        model_type: 'gemma3_text',
        num_hidden_layers: 34,
        rope_scaling: { factor: 8.0, rope_type: 'linear' },
        sliding_window: 1024,
      },
      torch_dtype: 'bfloat16',
      transformers_version: '4.50.0.dev0',
      vision_config: { hidden_size: 1152, model_type: 'siglip_vision_model' },
    },
    {
      architectures: ['Gemma3ForCausalLM'],
      eos_token_id: [1, 106],
      hidden_size: 2560,
      intermediate_size: 10_240,
      num_hidden_layers: 34,
      num_attention_heads: 8,
      num_key_value_heads: 4,
      head_dim: 256,
      vocab_size: 262_208,
      max_position_embeddings: 131_072,
      rope_scaling: { factor: 8.0, rope_type: 'linear' },
      sliding_window: 1024,
    },
  ],
  // Qwen/Qwen2-VL-2B-Instruct has all fields in one object
  'Qwen2-VL': [
    {
      architectures: ['Qwen2VLForConditionalGeneration'],
      ...{
        bos_token_id: 256,
        eos_token_id: 257,
        ...SIZES,
        ...QWEN_ROPE,
        num_attention_heads: 4,
        num_key_value_heads: 2,
      },
      ...{ vision_start_token_id: 260, vision_end_token_id: 261, vision_token_id: 262, image_token_id: 263 },
      ...{ video_token_id: 264, hidden_act: 'silu', max_window_layers: 28, model_type: 'qwen2_vl' },
      ...{ sliding_window: 32_768, tie_word_embeddings: true, use_sliding_window: false },
      vision_config: { depth: 32, embed_dim: 1280 },
      rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] },
    },
    {
      architectures: ['Qwen2ForCausalLM'],
      ...{
        bos_token_id: 256,
        eos_token_id: 257,
        ...SIZES,
        ...QWEN_ROPE,
        num_attention_heads: 4,
        num_key_value_heads: 2,
      },
      tie_word_embeddings: true,
    },
  ],
  // Qwen/Qwen3-VL-4B-Instruct
  'Qwen3-VL': [
    {
      architectures: ['Qwen3VLForConditionalGeneration'],
      ...{
        image_token_id: 263,
        model_type: 'qwen3_vl',
        tie_word_embeddings: true,
        transformers_version: '4.57.0.dev0',
      },
      ...{ video_token_id: 264, vision_config: { depth: 24 }, vision_end_token_id: 261, vision_start_token_id: 260 },
      text_config: {
        ...{ attention_bias: false, attention_dropout: 0.0, bos_token_id: 256, dtype: 'bfloat16', eos_token_id: 257 },
        ...{ ...SIZES, ...HEADS, ...QWEN_ROPE, hidden_act: 'silu', model_type: 'qwen3_vl_text', use_cache: true },
        rope_scaling: { mrope_interleaved: true, mrope_section: [3, 3, 2], rope_type: 'default' },
      },
    },
    {
      architectures: ['Qwen3ForCausalLM'],
      ...{ bos_token_id: 256, eos_token_id: 257, ...SIZES, ...HEADS, ...QWEN_ROPE, tie_word_embeddings: true },
    },
  ],
  // mistralai/Ministral-3-3B-Instruct-2512-BF16
  'Ministral 3': [
    {
      architectures: ['Mistral3ForConditionalGeneration'],
      ...{ dtype: 'bfloat16', image_token_index: 10, model_type: 'mistral3', multimodal_projector_bias: false },
      ...{ projector_hidden_act: 'gelu', spatial_merge_size: 2, tie_word_embeddings: false, vision_feature_layer: -1 },
      vision_config: { model_type: 'pixtral' },
      text_config: {
        ...{ ...SIZES, ...HEADS, model_type: 'ministral3', rms_norm_eps: 1e-5, tie_word_embeddings: true },
        ...{
          attention_dropout: 0.0,
          hidden_act: 'silu',
          initializer_range: 0.02,
          sliding_window: null,
          use_cache: true,
        },
        rope_parameters: {
          ...{ beta_fast: 32.0, beta_slow: 1.0, factor: 16.0, llama_4_scaling_beta: 0.1, mscale: 1.0 },
          ...{ mscale_all_dim: 1.0, original_max_position_embeddings: 16_384, rope_theta: 1e6 },
          ...{ rope_type: 'yarn', type: 'yarn' },
        },
      },
    },
    {
      architectures: ['Ministral3ForCausalLM'],
      ...{ ...SIZES, ...HEADS, rms_norm_eps: 1e-5, tie_word_embeddings: true },
      rope_parameters: {
        ...{ factor: 16.0, llama_4_scaling_beta: 0.1, mscale: 1.0, mscale_all_dim: 1.0, rope_theta: 1e6 },
        ...{ original_max_position_embeddings: 16_384, rope_type: 'yarn' },
      },
    },
  ],
  // llava-hf/llava-1.5-7b-hf: sizes that are those of transformers are left out
  'LLaVA 1.5': [
    {
      architectures: ['LlavaForConditionalGeneration'],
      ...{ ignore_index: -100, image_token_index: 32_000, model_type: 'llava', pad_token_id: 32_001 },
      ...{ projector_hidden_act: 'gelu', tie_word_embeddings: false, transformers_version: '4.36.0.dev0' },
      ...{ vision_feature_layer: -2, vision_feature_select_strategy: 'default', vocab_size: 32_064 },
      vision_config: { hidden_size: 1024, model_type: 'clip_vision_model', vocab_size: 32_000 },
      text_config: {
        ...{ _name_or_path: 'lmsys/vicuna-7b-v1.5', architectures: ['LlamaForCausalLM'], model_type: 'llama' },
        ...{ max_position_embeddings: 4096, rms_norm_eps: 1e-5, torch_dtype: 'float16', vocab_size: 32_064 },
      },
    },
    {
      architectures: ['LlamaForCausalLM'],
      ...{ hidden_size: 4096, intermediate_size: 11_008, num_hidden_layers: 32, num_attention_heads: 32 },
      ...{ max_position_embeddings: 4096, rms_norm_eps: 1e-5, vocab_size: 32_064, bos_token_id: 1, eos_token_id: 2 },
    },
  ],
  // mistral-community/pixtral-12b
  Pixtral: [
    {
      architectures: ['LlavaForConditionalGeneration'],
      ...{ ignore_index: -100, image_seq_length: 1, image_token_index: 10, model_type: 'llava' },
      ...{ projector_hidden_act: 'gelu', vision_feature_layer: -1, vision_feature_select_strategy: 'full' },
      vision_config: { head_dim: 64, model_type: 'pixtral' },
      text_config: {
        ...{ head_dim: 128, hidden_size: 5120, intermediate_size: 14_336, is_composition: true },
        ...{ max_position_embeddings: 1_024_000, model_type: 'mistral', num_hidden_layers: 40 },
        ...{ num_key_value_heads: 8, rms_norm_eps: 1e-5, rope_theta: 1e9, sliding_window: null, vocab_size: 131_072 },
      },
    },
    {
      architectures: ['MistralForCausalLM'],
      ...{ head_dim: 128, hidden_size: 5120, intermediate_size: 14_336, max_position_embeddings: 1_024_000 },
      ...{ num_attention_heads: 32, num_hidden_layers: 40, num_key_value_heads: 8, rms_norm_eps: 1e-5 },
      ...{ rope_theta: 1e9, sliding_window: null, vocab_size: 131_072, bos_token_id: 1, eos_token_id: 2 },
    },
  ],
  // HuggingFaceTB/SmolVLM-256M-Instruct
  SmolVLM: [
    {
      architectures: ['Idefics3ForConditionalGeneration'],
      ...{ image_token_id: 263, model_type: 'idefics3', scale_factor: 4, tie_word_embeddings: false },
      vision_config: { hidden_size: 768 },
      text_config: {
        ...{
          ...SIZES,
          ...HEADS,
          _flash_attn_2_enabled: true,
          architectures: ['VLlama3ForCausalLM'],
          model_type: 'llama',
        },
        ...{ is_llama_config: true, neftune_noise_alpha: 0.0, perceiver_config: {}, pixel_shuffle_factor: 4 },
        ...{ qk_layer_norms_perceiver: false, resampler_depth: 6, resampler_head_dim: 96, resampler_n_heads: 16 },
        ...{ resampler_n_latents: 64, rope_interleaved: false, rope_theta: 100_000, use_resampler: false },
      },
    },
    {
      architectures: ['LlamaForCausalLM'],
      ...{ ...SIZES, ...HEADS, rope_theta: 100_000, tie_word_embeddings: false, bos_token_id: 1, eos_token_id: 2 },
    },
  ],
}

describe.each(Object.entries(PAIRS))('the text part of %s', (_, [whole, text]) => {
  test('is the text model, and says what it leaves out', () => {
    const { leavesOut, ...model } = parseModelConfig(whole)
    const { leavesOut: nothing, ...expected } = parseModelConfig(text)
    expect(model).toEqual(expected)
    expect(nothing).toBeUndefined()
    const [name] = whole.architectures as string[]
    expect(leavesOut).toBe(`only the text part of ${name}, as ${model.architecture}: what reads images is left out`)
  })

  test('does not ignore a field that is not known', () => {
    expect(() => parseModelConfig({ ...whole, unheard_of: 1 })).toThrow('has the field unheard_of = 1, whose meaning')
  })
})

test('a text part that is none of ours is refused by its type', () => {
  const config = { architectures: ['LlavaForConditionalGeneration'], text_config: { model_type: 'opt' } }
  expect(() => parseModelConfig(config)).toThrow(UnsupportedModel)
  expect(() => parseModelConfig(config)).toThrow(
    'the text part of LlavaForConditionalGeneration is of the type opt; supp',
  )
})

/** A file of zeros with these tensors of two elements. */
function file(...names: string[]) {
  const entries = names.map((name, index) => [
    name,
    { dtype: 'F32', shape: [2], data_offsets: [8 * index, 8 * index + 8] },
  ])
  return memorySource({
    'model.safetensors': safetensorsFile(Object.fromEntries(entries), new Uint8Array(8 * names.length)),
  })
}

describe('names of tensors', () => {
  const EXPECTED = new Map(['model.norm.weight', 'lm_head.weight'].map(name => [name, [2]]))

  test.each([
    [
      'language_model.model.norm.weight',
      'language_model.lm_head.weight',
      'vision_tower.a.weight',
      'multi_modal_projector.b',
    ],
    ['model.language_model.norm.weight', 'lm_head.weight', 'model.visual.a.weight', 'model.visual.b'],
    ['model.norm.weight', 'lm_head.weight', 'visual.a.weight', 'visual.b.bias'],
    ['model.text_model.norm.weight', 'lm_head.weight', 'model.vision_model.a', 'model.connector.b'],
  ])('%s is the norm, and what reads images is left out', async (...names) => {
    const checkpoint = await openSafetensors(file(...names), undefined, undefined, true)
    checkTensors(checkpoint, EXPECTED)
    expect([...checkpoint.tensors.keys()]).toEqual([...EXPECTED.keys()])
  })

  test('a text model has nothing that reads images', async () => {
    const checkpoint = await openSafetensors(file('model.norm.weight', 'lm_head.weight', 'visual.a.weight'), undefined)
    expect(() => checkTensors(checkpoint, EXPECTED)).toThrow(CorruptCheckpoint)
  })
})
