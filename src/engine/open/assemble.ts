import { AttentionPlanner } from '../../attention/plan'
import type { ModelConfig } from '../../core/model-config'
import type { Gpu } from '../../gpu/device'
import { Step } from '../../gpu/step'
import { COPY_SRC, STORAGE } from '../../gpu/usage'
import { kernelContext } from '../../kernels/context'
import { createKvCache } from '../../kernels/kv-cache'
import type { Tuning } from '../../kernels/tunable'
import { workgroupsToFill } from '../../kernels/workgroups'
import { BlockPool } from '../../kv/block-pool'
import type { Checkpoint } from '../../loader'
import { createActivations, createInt8Rows } from '../../model/activations'
import { decoder } from '../../model/decoder'
import { decoderTensors } from '../../model/tensors'
import { Weights } from '../../model/weights'
import { maxResultBytes, Sampler } from '../../sampler/sampler'
import { Scheduler } from '../../scheduler/scheduler'
import { arenaWords, historyTokens } from '../arena'
import type { JobSettings } from '../job'
import type { EngineOptions } from '../options'
import { DEFAULT_STEPS_IN_FLIGHT, DEFAULT_TOKEN_BUDGET, planEngine } from '../plan/plan-engine'
import { attentionSizes } from '../plan/step-memory'
import { Runner } from '../runner'

const DEFAULTS = {
  sharing: 'tree',
  attention: 'shared',
} as const

/** Everything on the GPU, and the bookkeeping of it; the weights are still zero. */
export function assemble(
  gpu: Gpu,
  config: ModelConfig,
  checkpoint: Checkpoint,
  options: EngineOptions,
  tuning?: Tuning,
) {
  const { tokenBudget = DEFAULT_TOKEN_BUDGET, stepsInFlight = DEFAULT_STEPS_IN_FLIGHT } = options
  const { memory, kvFormat, chooseFormat, decisions } = planEngine(gpu.limits, config, checkpoint, options)
  const weights = new Weights(gpu, chooseFormat)
  const tensors = decoderTensors(config, weights)
  const { numBlocks, contextLength, drawRows, kvGroups } = memory
  const { layout, capacities } = attentionSizes(config, gpu.limits, tokenBudget, memory)
  const sizes = { tokenBudget, numBlocks, contextLength }
  const step = new Step(gpu, arenaWords(capacities, sizes), options.profile ? 'dispatch' : undefined)
  const int8 = options.activations === 'int8' ? createInt8Rows(gpu, config, tokenBudget) : undefined
  const context = kernelContext(gpu, step, int8, tuning)
  const activations = createActivations(gpu, config, { tokenBudget, drawRows, partialSlots: memory.partialSlots })
  const kvGroupOf = config.layers.map((_, layer) => kvGroups.findIndex(({ layers }) => layers.includes(layer)))
  const caches = kvGroups.map(({ layers, numBlocks }) => {
    return createKvCache(gpu, { ...config, numLayers: layers.length, numBlocks, format: kvFormat }).layers
  })
  const cache = kvGroupOf.map((group, layer) => caches[group][kvGroups[group].layers.indexOf(layer)])
  const results = gpu.createBuffer('results', maxResultBytes(Math.min(tokenBudget, numBlocks)), STORAGE | COPY_SRC)
  const lastTokens = gpu.createBuffer('last tokens', (numBlocks + 1) * 4, STORAGE)
  const model = decoder({ config, context, activations, cache, kvGroupOf, lastTokens, contextLength }, tensors)
  const sampler = new Sampler(context, config.vocabSize, { logits: activations.logits, results, lastTokens })
  const scheduler = new Scheduler({
    pools: kvGroups.map(group => new BlockPool(group.numBlocks, group.window)),
    vocabSize: config.vocabSize,
    tokenBudget,
    contextLength,
    stepsInFlight,
    historyTokens: historyTokens(sizes),
  })
  const groups = kvGroups.map(({ window, layers }, index) => {
    const mode = options.attention ?? DEFAULTS.attention
    const wantedItems = Math.ceil(workgroupsToFill(gpu) / config.numKvHeads)
    const planner = new AttentionPlanner(layout, capacities[index], { mode, wantedItems, window })
    return { planner, numLayers: layers.length }
  })
  const runner = new Runner({ gpu, step, groups, model, sampler, results, drawRows })
  const { sharing = DEFAULTS.sharing, order } = options
  const jobs: JobSettings = { sharing, order, tokenBudget, numBlocks }
  return { weights, activations, parts: { memory, decisions, jobs, scheduler, runner, stepsInFlight } }
}
