import { InvalidRequest } from '../core/errors'

/** Names of what is wrong with a request: OpenAI's, which its clients know. */
export type RefusalCode =
  | 'invalid_value'
  | 'missing_required_parameter'
  | 'unknown_parameter'
  | 'unsupported_value'
  | 'context_length_exceeded'
  | 'model_not_found'

/** A request that is refused, with what OpenAI's error object says of it beside the message. */
export class RefusedRequest extends InvalidRequest {
  constructor(
    message: string,
    /** The field at fault, as in `messages[0].content`; null: none of them. */
    readonly param: string | null,
    readonly code: RefusalCode = 'invalid_value',
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
