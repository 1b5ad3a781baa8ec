/**
 * Tokens of the compared model. Those that prompts and answers consist of are one Chinese character each, since wllama
 * takes and gives text alone: text and token ids are then the same thing. The tokens before them (bytes, the ends of
 * text, first halves of the characters) have rows of zeros in the embedding and in the LM head tied to it: their logits
 * are always 0, far below the highest of thousands, so no greedy answer ends early or holds one of them.
 */
export const VOCAB_SIZE = 4096

/** Number of different first halves of the characters, which are their first two bytes. */
export const NUM_HALVES = 60

/** The first token that is a character: after 256 bytes, the beginning, the end and the halves. */
export const FIRST_ID = 258 + NUM_HALVES

const FIRST_CHARACTER = 0x4e00

export function textOf(ids: readonly number[]): string {
  return String.fromCharCode(...ids.map(id => id - FIRST_ID + FIRST_CHARACTER))
}

export function idsOf(text: string): number[] {
  return Array.from(text, character => character.charCodeAt(0) - FIRST_CHARACTER + FIRST_ID)
}
