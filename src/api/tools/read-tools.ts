import { isJsonObject, type JsonObject } from '../../core/json'
import { shown, shownJson } from '../../core/shown'
import { RefusedRequest } from '../refused-request'
import { NAME } from '../structured-outputs'
import { TOOL_FORMATS, type ToolFormatName, toolFormatOf } from './formats'
import type { Tool, ToolFormat } from './tool-format'

/** What a request says of tools. */
export interface ReadTools {
  readonly format: ToolFormat
  /** By which the template writes the tools, as the request has them. */
  readonly variables: JsonObject
  /** What calls are held to, where there must be some. */
  readonly grammar: string | undefined
}

interface ToolModel {
  readonly chatTemplate?: string
  readonly toolFormat?: ToolFormatName
}

/** OpenAI's limit. */
const MAX_TOOLS = 128

/** Of a function without parameters. */
const NO_PARAMETERS: JsonObject = { type: 'object', properties: {}, additionalProperties: false }

/**
 * The tools that a chat's answer may call; undefined if none.
 * @throws RefusedRequest
 */
export function readTools(body: JsonObject, { chatTemplate = '', toolFormat }: ToolModel): ReadTools | undefined {
  const tools = readList(body.tools ?? [])
  const choice = readChoice(body.tool_choice ?? (tools.length > 0 ? 'auto' : 'none'), tools)
  const isParallel = body.parallel_tool_calls ?? true
  if (typeof isParallel !== 'boolean') {
    const message = `\`parallel_tool_calls\` is ${shown(isParallel)}, but must be true or false.`
    throw new RefusedRequest(message, 'parallel_tool_calls')
  }
  if (tools.length === 0 || choice === 'none') return undefined
  if (chatTemplate !== '' && !/tools/.test(chatTemplate)) {
    const message =
      '`tools` are not for this model: its chat template has no place for them. Leave them out, or take another model.'
    throw new RefusedRequest(message, 'tools', 'unsupported_value')
  }
  const format = toolFormat ? TOOL_FORMATS[toolFormat] : toolFormatOf(chatTemplate)
  if (!format) {
    const message = `\`tools\`: how this model writes calls is not known of its chat template. Choose with the option toolFormat: ${Object.keys(TOOL_FORMATS).join(', ')}.`
    throw new RefusedRequest(message, 'tools', 'unsupported_value')
  }
  const given = tools.map(({ tool }) => tool)
  // SmolLM3's template knows them by another name
  const variables = { tools: given, ...(chatTemplate.includes('xml_tools') ? { xml_tools: given } : {}) }
  if (choice === 'auto') return { format, variables, grammar: undefined }
  const called = tools.filter(({ name }) => choice === 'required' || name === choice.name)
  return { format, variables, grammar: format.grammar(called, isParallel && choice === 'required') }
}

function readList(list: unknown): (Tool & { readonly tool: JsonObject })[] {
  if (!Array.isArray(list) || list.length > MAX_TOOLS) {
    const what = Array.isArray(list) ? `has ${list.length} entries` : `is ${shown(list)}`
    throw new RefusedRequest(`\`tools\` ${what}, but must be an array of at most ${MAX_TOOLS}.`, 'tools')
  }
  const names = new Set<string>()
  return list.map((tool: unknown, index) => {
    const where = `tools[${index}]`
    const { type, function: given } = isJsonObject(tool) ? tool : {}
    if (type !== 'function') {
      const message = `\`${where}.type\` is ${shownJson(type)}, but only "function" is supported.`
      throw new RefusedRequest(message, `${where}.type`, 'unsupported_value')
    }
    const { name, parameters } = isJsonObject(given) ? given : {}
    if (typeof name !== 'string' || !NAME.test(name) || names.has(name)) {
      const message = `\`${where}.function.name\` is ${shown(name)}, but must be 1 to 64 letters, digits, _ and -, of one tool.`
      throw new RefusedRequest(message, `${where}.function.name`)
    }
    names.add(name)
    if (parameters !== undefined && parameters !== null && !isJsonObject(parameters)) {
      const message = `\`${where}.function.parameters\` is ${shown(parameters)}, but must be a JSON Schema.`
      throw new RefusedRequest(message, `${where}.function.parameters`)
    }
    return {
      tool: tool as JsonObject,
      name,
      parameters: isJsonObject(parameters) ? { type: 'object', ...parameters } : NO_PARAMETERS,
    }
  })
}

/** What must be called: whatever the model likes, any, or one of them. */
function readChoice(choice: unknown, tools: readonly Tool[]): 'none' | 'auto' | 'required' | Tool {
  if (choice === 'none' || (choice === 'auto' && tools.length === 0)) return 'none'
  if (tools.length === 0) {
    const message = '`tool_choice` is there without `tools`.'
    throw new RefusedRequest(message, 'tool_choice')
  }
  if (choice === 'auto' || choice === 'required') return choice
  const { type, function: given } = isJsonObject(choice) ? choice : {}
  if (type !== 'function' || !isJsonObject(given)) {
    const message = `\`tool_choice\` is ${shown(choice)}, but must be none, auto, required, or {"type": "function", "function": {"name": …}}.`
    throw new RefusedRequest(message, 'tool_choice')
  }
  const tool = tools.find(({ name }) => name === given.name)
  if (tool) return tool
  const message = `\`tool_choice.function.name\` is ${shownJson(given.name)}, which is none of \`tools\`.`
  throw new RefusedRequest(message, 'tool_choice.function.name')
}
