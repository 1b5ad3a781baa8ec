/** One turn of a chat. */
export interface Message {
  /** As the model's chat template knows them: usually `system`, `user`, `assistant`. */
  readonly role: string
  readonly content: string
}

/** A text, a chat (written out by the model's chat template), or token ids (taken as they are). */
export type Prompt = string | readonly Message[] | readonly number[]
