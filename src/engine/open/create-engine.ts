import { orAborted } from '../../core/abortable'
import { abortError } from '../../core/errors'
import { describeModel, openCheckpoint, readModelFiles, readSmallText } from '../../loader'
import { Scheduler } from '../../scheduler/scheduler'
import { LocalEngine } from '../engine'
import type { Engine } from '../interface'
import type { OpenDevice } from '../on-device'
import { completeOptions, type EngineOptions, type Settings } from '../options'
import { PATIENCE } from '../patience'
import { PromptEncoder } from '../prompt-encoder'
import { Revival } from '../revival'
import { checkCheckpoint } from './check-checkpoint'
import { checkVocabulary } from './check-vocabulary'
import { phaseTeller } from './load-phases'
import { openDevice } from './open-device'
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
  const tell = phaseTeller(settings)
  tell('files', 0)
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
  tell('files', 1)
  const described = { source, config, checkpoint }
  const open: OpenDevice = (signal, earlier) => openDevice(described, { ...settings, signal }, earlier)
  const onDevice = await open(signal)
  const { contextLength } = onDevice.memory
  const { onLost, frameMs, device, stepsInFlight } = settings
  return new LocalEngine({
    modelName: source.gguf ?? source.name,
    config,
    tokenizer,
    prompts: new PromptEncoder(tokenizer, chatTemplate, config.vocabSize, contextLength),
    scheduler: new Scheduler(onDevice.scheduling),
    stepsInFlight,
    onDevice,
    modelFile: (name, signal) => readSmallText(source, name, signal),
    // there is no other in place of a device of the caller's
    revival: device ? undefined : new Revival(open, typeof onLost === 'object' ? onLost : PATIENCE, contextLength),
    onLost,
    frameMs,
  })
}
