import { type AttentionLayout, type PlanCapacity, planCapacity } from '../../attention/layout'
import { keysInSight } from '../../attention/window'
import type { ModelConfig } from '../../core/model-config'
import { type BufferMaker, Paper } from '../../gpu/paper'
import { createArena } from '../../gpu/step'
import { COPY_SRC, STORAGE } from '../../gpu/usage'
import { attentionTiling } from '../../kernels/attention'
import { createActivations, createInt8Rows } from '../../model/activations'
import { createRopeTables } from '../../model/rope-tables'
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
  const layout = { segmentTokens, ...attentionTiling(config, limits, tokenBudget) }
  const capacities = kvGroups.map(({ window }) => {
    const keys = Math.min(contextLength, keysInSight(window, segmentTokens))
    return planCapacity({ layout, tokenBudget, contextLength: keys })
  })
  return { layout, capacities }
}

/** Makes the buffers that steps work in, but for the arena, which a `Step` makes, and those that results are read from. */
export function createStepBuffers(
  gpu: BufferMaker,
  config: ModelConfig,
  { tokenBudget, hasInt8Rows }: StepOptions,
  { contextLength, partialSlots, drawRows, kvGroups: [{ numBlocks }] }: StepSizes,
) {
  return {
    activations: createActivations(gpu, config, { tokenBudget, drawRows, numStates: partialSlots }),
    int8: hasInt8Rows ? createInt8Rows(gpu, config, tokenBudget) : undefined,
    results: gpu.createBuffer('results', maxResultBytes(tokenBudget), STORAGE | COPY_SRC),
    lastTokens: gpu.createBuffer('last tokens', (numBlocks + 1) * 4, STORAGE),
    ropeTables: createRopeTables(gpu, config, contextLength),
  }
}

/** The bytes of an engine's buffers beside weights and KV cache: the same are made, on paper. */
export function stepMemory(
  config: ModelConfig,
  limits: GPUSupportedLimits,
  options: StepOptions,
): (sizes: StepSizes) => StepMemory {
  const { tokenBudget, stepsInFlight } = options
  return sizes => {
    const { contextLength, kvGroups } = sizes
    const paper = new Paper(limits)
    const { activations, int8, results } = createStepBuffers(paper, config, options, sizes)
    const { capacities } = attentionSizes(config, limits, tokenBudget, sizes)
    const arena = { tokenBudget, numBlocks: kvGroups[0].numBlocks, contextLength, vocabSize: config.vocabSize }
    createArena(paper, arenaWords(capacities, arena))
    for (let step = 0; step < stepsInFlight; step++) paper.createBuffer('readback', results.size)
    const { logits, partialO, partialStats, ...others } = activations
    const activationBytes = sum([...Object.values(others), ...Object.values(int8 ?? {})])
    const partialBytes = sum([partialO, partialStats])
    return {
      activationBytes,
      partialBytes,
      logitsBytes: logits.size,
      listBytes: paper.bytes - activationBytes - partialBytes - logits.size,
      largestBytes: Math.max(...Object.values(activations).map(({ size }) => size)),
    }
  }
}

function sum(buffers: readonly GPUBuffer[]): number {
  return buffers.reduce((bytes, { size }) => bytes + size, 0)
}
