import { FUNCTION_GEMMA } from './function-gemma'
import { GRANITE } from './granite'
import { HERMES } from './hermes'
import { LLAMA } from './llama'
import { MISTRAL } from './mistral'
import { PHI } from './phi'
import { PYTHONIC } from './pythonic'
import type { ToolFormat } from './tool-format'

/** All formats, in the order in which templates are asked for them: some templates mention another's mark. */
export const TOOL_FORMATS = {
  'function-gemma': FUNCTION_GEMMA,
  mistral: MISTRAL,
  phi: PHI,
  hermes: HERMES,
  granite: GRANITE,
  pythonic: PYTHONIC,
  llama: LLAMA,
} as const satisfies Readonly<Record<string, ToolFormat>>

export type ToolFormatName = keyof typeof TOOL_FORMATS

/** The format that a model's chat template teaches; undefined if it is none of ours. */
export function toolFormatOf(template: string): ToolFormat | undefined {
  return Object.values(TOOL_FORMATS).find(format => format.isOf(template))
}
