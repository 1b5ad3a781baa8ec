import { InvalidRequest } from '../core/errors'
import { shown, shownJson } from '../core/shown'
import type { Engine } from '../engine/interface'
import type { Message, Prompt } from '../engine/prompt'
import { type Calibration, fitTemperature, probabilitiesOf } from './calibration'
import { CandidateReader, type Continuations } from './continuations'
import { type ScoreOptions, scoreEach } from './score'

/** A text with its label. */
export interface Example {
  readonly text: string
  readonly label: string
}

export interface ClassifyOptions extends ScoreOptions {
  /** What is to be told of the texts; the labels are named behind it. */
  readonly instruction: string
  /** At least two, all different. */
  readonly labels: readonly string[]
  /** Texts with their labels, shown to the model before each item. */
  readonly examples?: readonly Example[]
  /** What `calibrate` gave. Default: the model's probabilities as they are. */
  readonly calibration?: Calibration
}

export interface Classification {
  /** The likeliest. */
  readonly label: string
  /** [labels] Sums to 1. */
  readonly probabilities: readonly number[]
  /** How far the likeliest is before the next, in probability. */
  readonly margin: number
  /** [labels] Natural log-probabilities of the whole labels, under the model. */
  readonly logprobs: readonly number[]
}

/**
 * The label of each text, by the exact probabilities of all labels and not by generating one: for labels of one token a pass over the
 * prompts is all, and what items share, instruction and examples, is computed once.
 * @returns one for each item, in their order
 * @throws InvalidRequest for labels that are empty, the same or the same tokens, or an example whose label is none · Disposed · DeviceLost ·
 *   the signal's reason
 */
export async function classify(
  engine: Engine,
  items: readonly string[],
  options: ClassifyOptions,
): Promise<Classification[]> {
  checkItems(items)
  const logprobs = await labelLogprobs(engine, items, options)
  return logprobs.map(row => {
    const probabilities = probabilitiesOf(row, options.calibration)
    const [first, second] = probabilities.toSorted((a, b) => b - a)
    return { label: options.labels[probabilities.indexOf(first)], probabilities, margin: first - second, logprobs: row }
  })
}

export interface CalibrateOptions extends Omit<ClassifyOptions, 'calibration'> {
  /** Texts without content; the labels' scores for these, on average, are taken off. Default: none, and no bias. */
  readonly contentFree?: readonly string[]
}

/**
 * Fits what turns scores into probabilities that hold, on texts whose labels are known and that are not among the examples: some dozens.
 * @throws what `classify` throws; InvalidRequest without any such text
 */
export async function calibrate(
  engine: Engine,
  heldOut: readonly Example[],
  { contentFree = [], ...options }: CalibrateOptions,
): Promise<Calibration> {
  if (!Array.isArray(heldOut) || heldOut.length === 0) {
    throw new InvalidRequest('There are no texts with labels to calibrate by; give at least one.')
  }
  const answers = heldOut.map(({ label }) => indexOfLabel(label, options.labels, 'A text to calibrate by'))
  const texts = [...heldOut.map(({ text }) => text), ...contentFree]
  const rows = await labelLogprobs(engine, texts, options)
  const free = rows.splice(heldOut.length).map(row => probabilitiesOf(row))
  const bias =
    free.length > 0
      ? options.labels.map((_, label) => Math.log(free.reduce((sum, row) => sum + row[label], 0) / free.length))
      : undefined
  return { temperature: fitTemperature(rows, answers, bias), bias }
}

/** [items][labels] */
async function labelLogprobs(engine: Engine, items: readonly string[], options: ClassifyOptions): Promise<number[][]> {
  const { labels } = checkOptions(options)
  if (items.length === 0) return []
  const reader = new CandidateReader(engine, options)
  const write = await promptWriter(engine, options)
  const read = (suffix: string) =>
    Promise.all(
      items.map(item => {
        const { prompt, before } = write(item)
        return reader.read(
          prompt,
          labels.map(label => before + label + suffix),
        )
      }),
    )
  let texts = await read('')
  checkDistinct(texts[0], labels)
  // of labels that begin alike the shorter is always the likelier, unless it has an end
  if (texts.some(hasBeginning)) texts = await withEnds(engine, texts, read)
  const scores = await scoreEach(engine, texts, options)
  return scores.map(row => row.map(({ logprob }) => logprob))
}

async function withEnds(
  engine: Engine,
  texts: readonly Continuations[],
  read: (suffix: string) => Promise<Continuations[]>,
): Promise<Continuations[]> {
  const [end] = engine.config.eosTokenIds
  if (end === undefined) return read('\n')
  return texts.map(({ prefix, candidates }) => ({ prefix, candidates: candidates.map(each => [...each, end]) }))
}

/** A prompt for a text: a chat where the model has a template for that, else plain text, in which a blank comes before the label. */
async function promptWriter(
  engine: Engine,
  { instruction, labels, examples = [] }: ClassifyOptions,
): Promise<(item: string) => { readonly prompt: Prompt; readonly before: string }> {
  const task = `${instruction}\nAnswer with one of: ${labels.join(', ')}.`
  const shownBefore = examples.flatMap(({ text, label }): Message[] => [
    { role: 'user', content: text },
    { role: 'assistant', content: label },
  ])
  const chatOf = (system: readonly Message[], item: string): readonly Message[] => [
    ...system,
    ...shownBefore,
    { role: 'user', content: item },
  ]
  const plain = (item: string) => {
    const parts = [...examples.map(({ text, label }) => `Text: ${text}\nLabel: ${label}`), `Text: ${item}\nLabel:`]
    return { prompt: [task, ...parts].join('\n\n'), before: ' ' }
  }
  const system = { role: 'system', content: task }
  const withoutThinking = (messages: readonly Message[]) => ({
    prompt: { messages, templateVariables: { enable_thinking: false } },
    before: '',
  })
  if (await canWrite(engine, chatOf([system], 'a'))) return item => withoutThinking(chatOf([system], item))
  return plain
}

async function canWrite(engine: Engine, messages: readonly Message[]): Promise<boolean> {
  try {
    await engine.tokenize(messages)
    return true
  } catch (error) {
    if (error instanceof InvalidRequest) return false
    throw error
  }
}

function checkItems(items: readonly string[]): void {
  const bad = Array.isArray(items) ? items.findIndex(item => typeof item !== 'string') : -1
  if (Array.isArray(items) && bad < 0) return
  throw new InvalidRequest(
    Array.isArray(items)
      ? `Item ${bad} is ${shown(items[bad])}, but must be a text.`
      : `The items are ${shown(items)}, but must be an array of texts.`,
  )
}

function checkOptions(options: ClassifyOptions): ClassifyOptions {
  const { labels, instruction, examples = [] } = options ?? {}
  if (typeof instruction !== 'string') {
    throw new InvalidRequest(`instruction is ${shown(instruction)}, but must be a text that says what is to be told.`)
  }
  if (!Array.isArray(labels) || labels.length < 2) {
    const what = Array.isArray(labels) ? `${labels.length} texts` : shown(labels)
    throw new InvalidRequest(`labels are ${what}, but must be an array of at least two.`)
  }
  const bad = labels.findIndex(label => typeof label !== 'string' || label.trim() === '')
  if (bad >= 0)
    throw new InvalidRequest(`labels[${bad}] is ${shownJson(labels[bad])}, but must be a text that is not empty.`)
  const again = labels.findIndex((label, index) => labels.indexOf(label) < index)
  if (again >= 0) throw new InvalidRequest(`labels[${again}] is ${shownJson(labels[again])}, which is a label already.`)
  for (const { label } of examples) indexOfLabel(label, labels, 'An example')
  return options
}

function indexOfLabel(label: string, labels: readonly string[], what: string): number {
  const index = labels.indexOf(label)
  if (index < 0)
    throw new InvalidRequest(`${what} has the label ${shownJson(label)}, which is none of ${labels.join(', ')}.`)
  return index
}

/** @throws InvalidRequest for two labels that are the same tokens */
function checkDistinct({ candidates }: Continuations, labels: readonly string[]): void {
  const first = new Map<string, number>()
  for (const [index, tokens] of candidates.entries()) {
    const other = first.get(tokens.join())
    if (other !== undefined) {
      throw new InvalidRequest(
        `The labels ${shownJson(labels[other])} and ${shownJson(labels[index])} are the same tokens to this model; name one of them otherwise.`,
      )
    }
    first.set(tokens.join(), index)
  }
}

/** Whether one candidate is the beginning of another. */
function hasBeginning({ candidates }: Continuations): boolean {
  const sorted = candidates.map(each => `${each.join()},`).sort()
  return sorted.some((text, index) => sorted[index + 1]?.startsWith(text))
}
