import { type AttentionLayout, type PlanCapacity, planCapacity } from '../../attention/layout'
import { keysInSight } from '../../attention/window'
import type { ModelConfig } from '../../core/model-config'
import { Paper } from '../../gpu/paper'
import { attentionTiling } from '../../kernels/attention'
import { createActivations, createInt8Rows } from '../../model/activations'
import { maxResultBytes } from '../../sampler/sampler'
import { arenaWords } from '../arena'
import type { StepMemory, StepSizes } from './memory-plan'

export interface StepOptions {
  readonly tokenBudget: number
  readonly stepsInFlight: number
  readonly hasInt8Rows: boolean
}

/** How attention is cut on a device, and what the plan of a step may hold in each KV group. */
export function attentionSizes(
  config: ModelConfig,
  limits: GPUSupportedLimits,
  tokenBudget: number,
  { segmentTokens, kvGroups, contextLength }: StepSizes,
): { readonly layout: AttentionLayout; readonly capacities: readonly PlanCapacity[] } {
  const layout = { segmentTokens, ...attentionTiling(config, limits) }
  const capacities = kvGroups.map(({ window }) => {
    const keys = Math.min(contextLength, keysInSight(window, segmentTokens))
    return planCapacity({ layout, tokenBudget, contextLength: keys })
  })
  return { layout, capacities }
}

/** What an engine's buffers take beside weights and KV cache; those that functions make are made on paper. */
export function stepMemory(
  config: ModelConfig,
  limits: GPUSupportedLimits,
  { tokenBudget, stepsInFlight, hasInt8Rows }: StepOptions,
): (sizes: StepSizes) => StepMemory {
  return sizes => {
    const { contextLength, partialSlots, drawRows, kvGroups } = sizes
    const [{ numBlocks }] = kvGroups
    const activations = createActivations(new Paper(limits), config, { tokenBudget, drawRows, partialSlots })
    const { logits, partialO, partialStats, ...rest } = activations
    const int8 = hasInt8Rows ? Object.values(createInt8Rows(new Paper(limits), config, tokenBudget)) : []
    const { capacities } = attentionSizes(config, limits, tokenBudget, sizes)
    const results = maxResultBytes(Math.min(tokenBudget, numBlocks))
    const ropes = new Set(config.layers.flatMap(({ rope }) => rope ?? []))
    const own = new Paper(limits)
    own.createBuffer('step arena', arenaWords(capacities, { tokenBudget, numBlocks, contextLength }) * 4)
    for (let copy = 0; copy <= stepsInFlight; copy++) own.createBuffer('results, and where they are read', results)
    own.createBuffer('last tokens', (numBlocks + 1) * 4)
    for (const { dim } of ropes) own.createBuffer('rope table', contextLength * dim * 4)
    return {
      activationBytes: sum([...Object.values(rest), ...int8]),
      partialBytes: sum([partialO, partialStats]),
      logitsBytes: logits.size,
      listBytes: own.bytes,
      largestBytes: Math.max(...Object.values(activations).map(({ size }) => size)),
    }
  }
}

function sum(buffers: readonly GPUBuffer[]): number {
  return buffers.reduce((bytes, { size }) => bytes + size, 0)
}
