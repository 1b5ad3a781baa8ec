import { AttentionPlanner } from '../../attention/plan'
import type { ModelConfig } from '../../core/model-config'
import type { Gpu } from '../../gpu/device'
import { Step } from '../../gpu/step'
import { kernelContext } from '../../kernels/context'
import { createKvCache } from '../../kernels/kv-cache'
import type { Tuning } from '../../kernels/tunable'
import { workgroupsToFill } from '../../kernels/workgroups'
import { BlockPool } from '../../kv/block-pool'
import type { Checkpoint } from '../../loader'
import { decoder } from '../../model/decoder'
import { writeRopeTables } from '../../model/rope-tables'
import { decoderTensors } from '../../model/tensors'
import { Weights } from '../../model/weights'
import { Sampler } from '../../sampler/sampler'
import type { SchedulerOptions } from '../../scheduler/interface'
import { arenaWords, historyTokens } from '../arena'
import type { JobSettings } from '../job'
import type { Settings } from '../options'
import { type EarlierPlan, planEngine } from '../plan/plan-engine'
import { attentionSizes, createStepBuffers } from '../plan/step-memory'
import { Runner } from '../runner'

/**
 * Everything on the GPU, and how it is to be kept account of; the weights are still zero. `earlier`: what an earlier device had, in
 * whose place this one is.
 */
export function assemble(
  gpu: Gpu,
  config: ModelConfig,
  checkpoint: Checkpoint,
  settings: Settings,
  tuning?: Tuning,
  earlier?: EarlierPlan,
) {
  const { tokenBudget, stepsInFlight, sharing, order } = settings
  const { memory, kvFormat, chooseFormat, decisions } = planEngine(gpu.limits, config, checkpoint, settings, earlier)
  const weights = new Weights(gpu, chooseFormat)
  const tensors = decoderTensors(config, weights)
  const { numBlocks, contextLength, drawRows, kvGroups } = memory
  const { layout, capacities } = attentionSizes(config, gpu.limits, tokenBudget, memory)
  const sizes = { tokenBudget, numBlocks, contextLength, vocabSize: config.vocabSize }
  const step = new Step(gpu, arenaWords(capacities, sizes), settings.profile ? 'dispatch' : undefined)
  const stepOptions = { tokenBudget, stepsInFlight, hasInt8Rows: settings.activations === 'int8' }
  const buffers = createStepBuffers(gpu, config, stepOptions, memory)
  const { activations, results, lastTokens, ropeTables } = buffers
  writeRopeTables(gpu, ropeTables, contextLength, earlier?.contextLength)
  const context = kernelContext(gpu, step, buffers.int8, tuning)
  const kvGroupOf = config.layers.map((_, layer) => kvGroups.findIndex(({ layers }) => layers.includes(layer)))
  const caches = kvGroups.map(({ layers, numBlocks }) => {
    return createKvCache(gpu, { ...config, numLayers: layers.length, numBlocks, format: kvFormat }).layers
  })
  const cache = kvGroupOf.map((group, layer) => caches[group][kvGroups[group].layers.indexOf(layer)])
  const model = decoder(
    { config, context, activations, tiling: layout, cache, kvGroupOf, lastTokens, ropeTables },
    tensors,
  )
  const sampler = new Sampler(context, config.vocabSize, { logits: activations.logits, results, lastTokens })
  const scheduling: SchedulerOptions = {
    pools: kvGroups.map(group => new BlockPool(group.numBlocks, group.window)),
    vocabSize: config.vocabSize,
    tokenBudget,
    contextLength,
    stepsInFlight,
    historyTokens: historyTokens(sizes),
  }
  const groups = kvGroups.map(({ window, layers }, index) => {
    const wantedItems = Math.ceil(workgroupsToFill(gpu) / config.numKvHeads)
    const planner = new AttentionPlanner(layout, capacities[index], { mode: settings.attention, wantedItems, window })
    return { planner, numLayers: layers.length }
  })
  const vectors = activations.drawnNormed
  const { hiddenSize } = config
  const runner = new Runner({ gpu, step, groups, model, sampler, results, drawRows, vectors, hiddenSize })
  const jobs: JobSettings = { sharing, order, tokenBudget, numBlocks }
  return { weights, activations, parts: { memory, kvFormat, decisions, jobs, scheduling, runner } }
}
