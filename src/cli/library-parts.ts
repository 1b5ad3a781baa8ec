/** The library, file by file, as a page downloads it: what the build holds to its size and docs/api.md shows as a table. */
export const LIBRARY_PARTS: readonly LibraryPart[] = [
  { file: 'coppice.js', loaded: 'at once', holds: 'names of what is exported', maxKib: 0.34 },
  {
    file: 'coppice-shared.js',
    loaded: 'at once',
    holds: 'errors, checks of requests, queues of results',
    maxKib: 5.6,
  },
  { file: 'coppice-storage.js', loaded: 'at once', holds: 'files kept between visits, locks', maxKib: 2.82 },
  { file: 'coppice-core.js', loaded: 'at once', holds: 'the engine, all shaders, safetensors', maxKib: 88 },
  { file: 'coppice-tokenizer.js', loaded: 'with a model', holds: 'tokenizers, chat templates', maxKib: 36 },
  { file: 'coppice-worker.js', loaded: 'with a model, by workers', holds: 'packing of weights', maxKib: 9.5 },
  { file: 'coppice-hub-source.js', loaded: "with a hub's id", holds: "the hub's API, choice of variants", maxKib: 6 },
  { file: 'coppice-formats.js', loaded: 'with a GGUF file', holds: 'formats of its tensors', maxKib: 4.5 },
  { file: 'coppice-pack-slab.js', loaded: 'where there are no workers', holds: 'packing of weights', maxKib: 6 },
  { file: 'coppice-packed.js', loaded: 'with a quantised model', holds: 'forms of quantised matrices', maxKib: 6 },
  { file: 'coppice-gguf.js', loaded: 'with a GGUF file', holds: 'GGUF', maxKib: 9 },
  {
    file: 'coppice-grammars.js',
    loaded: 'with `structuredOutputs`',
    holds: 'JSON Schema, expressions, grammars',
    maxKib: 15,
  },
  {
    file: 'coppice-batch.js',
    loaded: 'by `coppice/batch`',
    holds: "jobs in OpenAI's Batch format, jobs that are kept",
    maxKib: 10,
  },
  { file: 'coppice-openai.js', loaded: 'by `coppice/openai`', holds: "OpenAI's endpoints", maxKib: 4 },
  { file: 'coppice-score.js', loaded: 'by `coppice/score`', holds: 'likelihoods of texts and labels', maxKib: 5 },
  { file: 'coppice-embed.js', loaded: 'by `coppice/embed`', holds: 'its name', maxKib: 0.2 },
  { file: 'coppice-vectors.js', loaded: 'by it, or with `/v1/embeddings`', holds: 'vectors of texts', maxKib: 2 },
  { file: 'coppice-requests.js', loaded: 'by both', holds: 'their requests and answers, calls of tools', maxKib: 10 },
  { file: 'coppice-unsupported.js', loaded: 'where a model does not load', holds: 'why, and what does', maxKib: 1.5 },
  { file: 'coppice-other-kinds.js', loaded: 'where there is no model', holds: 'what is there instead', maxKib: 1.5 },
  { file: 'coppice-watching.js', loaded: 'with `engine.watch`', holds: "an engine's events", maxKib: 3 },
  { file: 'coppice-watch.js', loaded: 'by `coppice/watch`', holds: 'states and recordings of events', maxKib: 3 },
  { file: 'coppice-client.js', loaded: 'by `coppice/client`', holds: 'an engine that is in a worker', maxKib: 4.2 },
  { file: 'coppice-host.js', loaded: "by `coppice/client`'s worker", holds: 'all of the engine', maxKib: 188 },
]

export interface LibraryPart {
  readonly file: string
  /** When a page downloads it. */
  readonly loaded: string
  readonly holds: string
  /** Its size at most, in KiB gzip, without our one dependency. */
  readonly maxKib: number
}

/** The table of the parts, as Markdown. */
export function libraryTable(): string {
  const rows = LIBRARY_PARTS.map(
    ({ file, loaded, holds, maxKib }) => `| \`${file}\` | ${loaded} | ${holds} | ${maxKib} |`,
  )
  return ['| file | loaded | holds | KiB gzip, at most |', '|---|---|---|---|', ...rows].join('\n')
}
