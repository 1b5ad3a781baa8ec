import type { JsonObject } from '../../core/json'

/** A function that a model may call. */
export interface Tool {
  readonly name: string
  /** The JSON Schema of its arguments, an object. */
  readonly parameters: JsonObject
}

/** A call as a model has written it. */
export interface ToolCall {
  readonly name: string
  /** JSON of an object, as the model wrote it where that is JSON. */
  readonly arguments: string
}

/** The calls at a text's begin and where they end; or that more of the text is needed to tell; or that there are none. */
export type ReadCalls = { readonly calls: readonly ToolCall[]; readonly end: number } | 'more' | 'none'

/** How a family of models writes calls. */
export interface ToolFormat {
  /** Whether a chat template teaches it. */
  isOf(template: string): boolean
  /** What calls begin with, wherever it stands. */
  readonly marks: readonly string[]
  /** What calls begin with where nothing was said before. */
  readonly firstMarks?: readonly string[]
  /** What may stand between two calls beside white space. */
  readonly separator?: string
  /**
   * Reads the calls at the begin of `text`, where a mark stands. What it says of a text that it can tell of holds for every text that begins
   * so. `isEnd`: nothing more will come.
   */
  read(text: string, isEnd: boolean): ReadCalls
  /** The grammar, in Lark's notation, of one call, or of several if `isParallel`. */
  grammar(tools: readonly Tool[], isParallel: boolean): string
}
