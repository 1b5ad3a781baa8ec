import { UnsupportedModel } from '../../core/errors'
import { GGUF_ARCHITECTURES } from '../architectures'
import type { Architecture, GgufVariant } from '../architectures/architecture'
import { UnknownArchitecture } from '../architectures/unknown-architecture'
import { briefValue, type Metadata } from './metadata'

/** The architecture that a file names. @throws UnknownArchitecture unless it can be run · UnsupportedModel for an adapter of it */
export function architectureOf(metadata: Metadata): Architecture & { readonly gguf: GgufVariant } {
  const name = metadata.text('general.architecture')
  if (metadata.values.get('general.type') === 'adapter') {
    throw new UnsupportedModel(
      `${metadata.file} is an adapter of ${briefValue(name)} and no model. Adapters do not load yet: give a file that it was merged into.`,
    )
  }
  const architecture = GGUF_ARCHITECTURES.get(name ?? '')
  if (architecture?.gguf) return { ...architecture, gguf: architecture.gguf }
  const where = `${metadata.file}: general.architecture is ${briefValue(name)}`
  throw new UnknownArchitecture(name ?? '', where, GGUF_ARCHITECTURES.keys())
}
