import type { Engine, EngineStats, GenerationResult, JobPlan } from '../../index'
import { batchTable } from './batch-table'
import { byId, setText } from './dom'
import { downloadText } from './download'
import { TICKET_INSTRUCTION, TICKETS } from './examples'
import { formatCount, formatRate, formatSeconds, joinFacts } from './format'
import { promptFor } from './prompt-for'
import { resultsAsJsonl } from './results'
import { type Panel, runForm, settings } from './run-form'
import { savingOf } from './saving'

const REFRESH_MS = 200

/** An instruction over many lines, answered together. */
export function batchPanel(): Panel {
  const instruction = byId('batch-instruction', HTMLTextAreaElement)
  const linesBox = byId('batch-lines', HTMLTextAreaElement)
  const chat = byId('batch-chat', HTMLInputElement)
  const status = byId('batch-status', HTMLElement)
  const saving = byId('batch-saving', HTMLElement)
  const counts = byId('batch-counts', HTMLElement)
  const bar = byId('batch-progress', HTMLProgressElement)
  const download = byId('batch-download', HTMLButtonElement)
  const table = batchTable()
  instruction.value ||= TICKET_INSTRUCTION
  linesBox.value ||= TICKETS.join('\n')

  let lines: readonly string[] = []
  let results: GenerationResult[] = []
  download.addEventListener('click', () => downloadText('coppice-results.jsonl', resultsAsJsonl(lines, results)))

  async function run(engine: Engine, signal: AbortSignal): Promise<void> {
    lines = linesBox.value.split('\n').filter(line => line.trim() !== '')
    results = []
    table.reset(lines)
    byId('batch-results', HTMLElement).hidden = lines.length === 0
    download.disabled = true
    if (lines.length === 0) {
      status.textContent = 'There are no lines'
      return
    }
    const began = performance.now()
    const before = await engine.stats()
    let now = before
    let plan: JobPlan | undefined
    let ending: string | undefined
    const show = () => {
      const ms = performance.now() - began
      const numAnswered = results.filter(({ finishReason }) => finishReason !== 'abort').length
      bar.value = numAnswered / lines.length
      setText(status, joinFacts(`${formatCount(numAnswered)} of ${formatCount(lines.length)} answered`, ending))
      // until all is read, what the plan promises; of a part nothing
      const computed = ending === undefined ? plan?.treeTokens : now.prefillTokens - before.prefillTokens
      const isPart = ending !== undefined && ending !== 'finished'
      setText(saving, isPart ? '' : (savingOf(plan?.promptTokens ?? 0, computed ?? 0) ?? ''))
      counts.textContent = joinFacts(
        formatSeconds(ms),
        ...(plan ? tokenFacts(before, now, plan, results, ms, ending !== undefined) : []),
      )
    }
    const refresh = async () => {
      now = await engine.stats()
      show()
    }
    // what an engine that is gone has to say, the results say
    const timer = setInterval(() => void refresh().catch(() => undefined), REFRESH_MS)
    show()
    try {
      const prompts = lines.map(line => promptFor(instruction.value, line, chat.checked))
      const generation = engine.generate(prompts, settings('batch'), { signal })
      // why there is none, the results say
      generation.plan.then(
        made => {
          plan = made
        },
        () => undefined,
      )
      for await (const result of generation) {
        results.push(result)
        table.fill(result)
        download.disabled = false
      }
      ending = 'finished'
    } catch (error) {
      ending = signal.aborted ? 'stopped' : 'failed'
      throw error
    } finally {
      clearInterval(timer)
      table.end(ending ?? 'failed')
      await refresh().catch(show)
    }
  }

  return runForm('batch', run)
}

/**
 * Tokens as words. While it runs, the engine's own counts are the only ones, with those of the other box if that runs too;
 * when all lines are answered, their results know exactly.
 */
function tokenFacts(
  before: EngineStats,
  now: EngineStats,
  { promptTokens, treeTokens }: JobPlan,
  results: readonly GenerationResult[],
  ms: number,
  isEnded: boolean,
): string[] {
  const prefilled = now.prefillTokens - before.prefillTokens
  const computed = now.computedTokens - before.computedTokens
  const answered = results.reduce((sum, { usage }) => sum + usage.completionTokens, 0)
  const generated = isEnded ? answered : computed - prefilled
  return [
    formatRate(generated, ms),
    `${formatCount(generated)} tokens generated`,
    `prompts of ${formatCount(promptTokens)} tokens, a tree of ${formatCount(treeTokens)}, ${formatCount(prefilled)} computed`,
  ]
}
