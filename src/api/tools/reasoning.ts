import type { Chat, Message } from '../../engine/prompt'
import type { MessageForm } from './message-reader'

const THINK = '<think>'
const END_THINK = '</think>'

/**
 * Where the answer to a chat begins: within think tags that the prompt has opened, before some that the model may open, or nowhere near
 * any, as its chat template has it.
 */
export function reasoningOf(template: string, chat: Chat | readonly Message[]): MessageForm['reasoning'] {
  if (!template.includes(END_THINK)) return undefined
  const { addGenerationPrompt = true, continueFinalMessage = false, templateVariables = {} } = chat as Partial<Chat>
  if (!addGenerationPrompt || continueFinalMessage) return undefined
  // what stands after `add_generation_prompt` begins the answer: an open tag, or a pair of them, which is for models told not to think
  const ending = template.slice(template.lastIndexOf('add_generation_prompt'))
  const isOpened = ending.lastIndexOf(THINK) > ending.lastIndexOf(END_THINK)
  return isOpened && templateVariables.enable_thinking !== false ? 'begun' : 'tagged'
}
