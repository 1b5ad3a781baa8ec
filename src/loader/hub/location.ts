/** The parts of a Hugging Face id such as `org/name@revision:Q4_K_M`. */
export interface HubLocation {
  /** `org/name` */
  readonly id: string
  /** Branch, tag or commit. */
  readonly revision: string | undefined
  /** Path of the GGUF file meant. */
  readonly file: string | undefined
  /** Quantisation of the GGUF model meant, a part of its file's name. */
  readonly quantization: string | undefined
}

/** An id with a revision, if it has one; `models/file.gguf` is no id, but a local file. */
const ID = /^(?![\w.-]+\/[\w.-]+\.gguf$)(?<id>[\w.-]+\/[\w.-]+)(?:@(?<revision>[\w.-]+|refs\/[\w-]+\/[\w.-]+))?/
const FORM = new RegExp(`${ID.source}(?::(?<quantization>[\\w.-]+)|/(?<file>.+\\.gguf))?$`)

/** Reads `org/name[@revision][:quantisation]` or `org/name[@revision]/file.gguf`; undefined if `text` is neither. */
export function parseHubLocation(text: string): HubLocation | undefined {
  const groups = FORM.exec(text)?.groups
  return groups && { id: groups.id, revision: groups.revision, file: groups.file, quantization: groups.quantization }
}
