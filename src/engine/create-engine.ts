import { abortError } from '../core/errors'
import { openGpu } from '../gpu/device'
import { describeModel, openCheckpoint, readModelFiles } from '../loader'
import { ChatTemplate } from '../tokenizer/chat-template'
import { Tokenizer } from '../tokenizer/tokenizer'
import { keepTable, openTable } from '../tuning/kept-tables'
import { Tuner } from '../tuning/tuner'
import { assemble } from './assemble'
import { checkVocabulary } from './check-vocabulary'
import { Engine } from './engine'
import { loadWeights } from './load-weights'
import { type ModelLocation, openSource } from './open-source'
import { checkOptions, type EngineOptions } from './options'
import { DEFAULT_TOKEN_BUDGET } from './plan-engine'
import { PromptEncoder } from './prompt-encoder'

/**
 * Loads a model and makes an engine of it.
 * @param location a base URL, a Hugging Face id (`org/name`, `org/name@revision`), a folder (in Node), a dropped folder
 *   or list of files; or a GGUF file: its URL, its path (in Node), a list that holds it, or one of a repository
 *   (`org/name:Q4_K_M`, `org/name/file.gguf`). Relative paths of more than one folder begin with `./`.
 * @throws UnsupportedDevice · UnsupportedModel · CorruptCheckpoint · DownloadFailed · StorageFull · OutOfMemory ·
 *   InvalidRequest
 */
export async function createEngine(location: ModelLocation, options: EngineOptions = {}): Promise<Engine> {
  const { signal } = options
  checkOptions(options)
  if (signal?.aborted) throw abortError(signal)
  const source = await openSource(location, options)
  const files = await readModelFiles(source, signal)
  const config = describeModel(files)
  const tokenizer = new Tokenizer(files.tokenizer, files.tokenizerConfig)
  checkVocabulary(tokenizer, config)
  const chatTemplate = new ChatTemplate(files.tokenizerConfig, files.chatTemplate)
  const checkpoint = await openCheckpoint(source, files, config, signal)
  const gpu = await openGpu(options)
  try {
    const isKept = options.cache !== false
    const { tuning = !gpu.isSoftware, tokenBudget = DEFAULT_TOKEN_BUDGET } = options
    const tuner = tuning ? new Tuner(gpu, await openTable(gpu, isKept), tokenBudget) : undefined
    const { parts, weights } = assemble(gpu, config, checkpoint, options, tuner)
    const failed = new AbortController()
    const either = AbortSignal.any(signal ? [signal, failed.signal] : [failed.signal])
    const load = () => loadWeights(gpu, source, checkpoint, weights, { ...options, signal: either })
    const tuned = gpu.settled().then(() => tuner?.tune(either))
    // kernels compile and are timed while the weights come, if that does not disturb
    const loading = tuner?.needsQuiet ? tuned.then(load) : load()
    const [report, choice] = await Promise.all([loading, tuned]).catch(async error => {
      failed.abort(error)
      await Promise.allSettled([loading, tuned])
      throw error
    })
    if (tuner && isKept) await keepTable(gpu, tuner.table)
    const decisions = [...parts.decisions, ...(choice ? [choice] : [])]
    const prompts = new PromptEncoder(tokenizer, chatTemplate, config.vocabSize, parts.memory.contextLength)
    const modelName = source.gguf ?? source.name
    return new Engine({ ...parts, decisions, modelName, config, weights: report.kinds, tokenizer, prompts })
  } catch (error) {
    gpu.dispose()
    throw error
  }
}
