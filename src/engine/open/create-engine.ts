import { orAborted } from '../../core/abortable'
import { abortError } from '../../core/errors'
import { openGpu } from '../../gpu/device'
import { describeModel, openCheckpoint, readModelFiles } from '../../loader'
import { keepTable, openTable } from '../../tuning/kept-tables'
import { Tuner } from '../../tuning/tuner'
import { LocalEngine } from '../engine'
import type { Engine } from '../interface'
import { completeOptions, type EngineOptions, type Settings } from '../options'
import { PromptEncoder } from '../prompt-encoder'
import { assemble } from './assemble'
import { checkCheckpoint } from './check-checkpoint'
import { checkVocabulary } from './check-vocabulary'
import { loadWeights } from './load-weights'
import { type ModelLocation, openSource } from './open-source'

/**
 * Loads a model and makes an engine of it.
 * @param location a base URL, a Hugging Face id (`org/name`, `org/name@revision`), a folder (in Node), a dropped folder
 *   or list of files; or a GGUF file: its URL, its path (in Node), a list that holds it, or one of a repository
 *   (`org/name:Q4_K_M`, `org/name/file.gguf`). Relative paths of more than one folder begin with `./`.
 * @throws UnsupportedDevice · UnsupportedModel · CorruptCheckpoint · DownloadFailed · StorageFull · OutOfMemory ·
 *   InvalidRequest
 */
export async function createEngine(location: ModelLocation, options: EngineOptions = {}): Promise<Engine> {
  return openEngine(location, completeOptions(options))
}

/** The same by settings, some of which no option asks for. */
export async function openEngine(location: ModelLocation, settings: Settings): Promise<Engine> {
  const { signal } = settings
  if (signal?.aborted) throw abortError(signal)
  const source = await orAborted(openSource(location, settings), signal)
  const files = await readModelFiles(source, signal)
  const config = await describeModel(files)
  // what no page needs before there is a model to read it
  const { ChatTemplate, Tokenizer } = await import('../../tokenizer')
  const tokenizer = new Tokenizer(files.tokenizer, files.tokenizerConfig)
  checkVocabulary(tokenizer, config)
  const chatTemplate = new ChatTemplate(files.tokenizerConfig, files.chatTemplate)
  const checkpoint = await openCheckpoint(source, files, config, signal)
  checkCheckpoint(config, checkpoint)
  const gpu = await orAborted(openGpu(settings), signal, late => late.dispose())
  const failed = new AbortController()
  const underWay: Promise<unknown>[] = []
  try {
    const isKept = settings.cache !== false
    const { tuning = !gpu.isSoftware, tokenBudget } = settings
    const table = tuning ? await orAborted(openTable(gpu, isKept), signal) : undefined
    const tuner = table && new Tuner(gpu, table, tokenBudget)
    const { parts, weights } = assemble(gpu, config, checkpoint, settings, tuner)
    const either = AbortSignal.any(signal ? [signal, failed.signal] : [failed.signal])
    const load = () => loadWeights(gpu, source, checkpoint, weights, { ...settings, signal: either })
    const tuned = orAborted(gpu.settled(), either).then(() => tuner?.tune(either))
    // kernels compile and are timed while the weights come, if that does not disturb
    const loading = tuner?.needsQuiet ? tuned.then(load) : load()
    underWay.push(tuned, loading)
    const [report, choice] = await orAborted(Promise.all([loading, tuned]), signal)
    if (tuner && isKept) await orAborted(keepTable(gpu, tuner.table), signal)
    const decisions = [config.leavesOut, ...parts.decisions, choice, report.decision].filter(line => line !== undefined)
    const prompts = new PromptEncoder(tokenizer, chatTemplate, config.vocabSize, parts.memory.contextLength)
    const modelName = source.gguf ?? source.name
    return new LocalEngine({ ...parts, decisions, modelName, config, weights: report.kinds, tokenizer, prompts })
  } catch (error) {
    failed.abort(error)
    // what is under way writes to buffers until it notices; who aborts need not wait for that
    const freed = Promise.allSettled(underWay).then(() => gpu.dispose())
    if (!signal?.aborted) await freed
    throw error
  }
}
