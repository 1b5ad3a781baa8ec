import { expect, test } from 'vitest'
import { completeOptions } from '../../../src/engine/options'
import { planEngine } from '../../../src/engine/plan/plan-engine'
import { parseModelConfig } from '../../../src/loader'
import { openSafetensors } from '../../../src/loader/safetensors/checkpoint'
import { TINY } from '../../support/engine'
import { seededModel } from '../../support/seeded-weights'

const LIMITS = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupStorageSize: 2 ** 14,
} as GPUSupportedLimits

test('what a text part leaves out is the first of the decisions; a text model leaves out nothing', async () => {
  const { architectures: _, ...text_config } = TINY
  const whole = { architectures: ['LlavaForConditionalGeneration'], text_config, vision_config: {} }
  const checkpoint = await openSafetensors(seededModel(TINY, 1), undefined)
  const decisions = (config: object) =>
    planEngine(LIMITS, parseModelConfig({ ...config }), checkpoint, completeOptions({})).decisions
  const [first, ...others] = decisions(whole)
  expect(first).toMatch(/^only the text part of LlavaForConditionalGeneration, as LlamaForCausalLM/)
  expect(others).toEqual(decisions(TINY))
})
