/**
 * `coppice/embed`: vectors of texts, by decoder models that are made for that.
 *
 *     const [query, ...documents] = await embed(engine, texts)
 */
export type { Embedding } from './core/reads'
export { type EmbedOptions, embed } from './embeddings/embed'
