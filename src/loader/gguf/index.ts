/** The reader of GGUF files, loaded when a model is one. */
export { ggufCheckpoint } from './checkpoint'
export { readGgufFiles } from './files'
export { inGgufTerms } from './gguf-terms'
export { openGguf } from './model'
