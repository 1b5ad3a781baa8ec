/** What a Hugging Face id such as `org/name@revision:Q4_K_M` means. */
export interface HubLocation {
  /** `org/name` */
  readonly id: string
  /** Branch, tag or commit. */
  readonly revision: string | undefined
  /** Which of the GGUF models in it: a file, or a quantisation that is part of the file's name. */
  readonly file: string | undefined
  readonly quantization: string | undefined
}

/** `models/file.gguf` is a local file. */
const ID = /^(?![\w.-]+\/[\w.-]+\.gguf$)(?<id>[\w.-]+\/[\w.-]+)(?:@(?<revision>[\w.-]+|refs\/[\w-]+\/[\w.-]+))?/
const FORM = new RegExp(`${ID.source}(?::(?<quantization>[\\w.-]+)|/(?<file>.+\\.gguf))?$`)

/** Undefined if `text` is not of the form `org/name[@revision][:quantisation]` or `org/name[@revision]/file.gguf`. */
export function parseHubLocation(text: string): HubLocation | undefined {
  const groups = FORM.exec(text)?.groups
  return groups && { id: groups.id, revision: groups.revision, file: groups.file, quantization: groups.quantization }
}
