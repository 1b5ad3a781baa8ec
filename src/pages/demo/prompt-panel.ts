import type { Engine } from '../../index'
import { byId } from './dom'
import { FIRST_PROMPT } from './examples'
import { formatCount, formatRate, formatSeconds, joinFacts } from './format'
import { promptFor } from './prompt-for'
import { type Panel, runForm, settings } from './run-form'

/** A prompt whose answer is written as it comes. */
export function promptPanel(): Panel {
  const text = byId('prompt-text', HTMLTextAreaElement)
  const chat = byId('prompt-chat', HTMLInputElement)
  const status = byId('prompt-status', HTMLElement)
  const output = byId('prompt-output', HTMLElement)
  text.value ||= FIRST_PROMPT

  async function run(engine: Engine, signal: AbortSignal): Promise<void> {
    const began = performance.now()
    let firstMs = 0
    // a piece of text is about a token; the result knows exactly
    let numTokens = 0
    const show = (ending: string) => {
      const decodeMs = performance.now() - began - firstMs
      const rate = numTokens > 1 ? formatRate(numTokens - 1, decodeMs) : undefined
      const tokens = numTokens > 0 ? `${formatCount(numTokens)} tokens` : undefined
      const first = firstMs > 0 ? `first after ${formatSeconds(firstMs)}` : undefined
      status.textContent = joinFacts(tokens, rate, first, ending)
    }
    output.textContent = ''
    output.hidden = false
    output.ariaBusy = 'true'
    let ending = 'stopped'
    show('reading the prompt')
    try {
      const prompt = promptFor('', text.value, chat.checked)
      const stream = engine.stream(prompt, settings('prompt'), { signal })
      let next = await stream.next()
      for (; !next.done; next = await stream.next()) {
        if (numTokens === 0) firstMs = performance.now() - began
        numTokens += 1
        // what begins a paragraph for the model begins the box here
        output.append(output.textContent ? next.value : next.value.trimStart())
        show('')
      }
      numTokens = next.value.usage.completionTokens
      ending = next.value.finishReason === 'length' ? 'cut at the token limit' : 'finished'
    } catch (error) {
      if (!signal.aborted) ending = 'failed'
      throw error
    } finally {
      output.ariaBusy = 'false'
      show(ending)
    }
  }

  return runForm('prompt', run)
}
