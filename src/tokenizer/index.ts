/** Text to tokens and back, and chats to text: loaded once there is a model to do it for. */
export { type ChatMessage, ChatTemplate, type RenderOptions } from './chat-template'
export { Detokenizer } from './detokenizer'
export { type StopResult, StopStrings } from './stop-strings'
export { type DecodeOptions, Tokenizer } from './tokenizer'
