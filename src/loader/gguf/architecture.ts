import { UnsupportedModel } from '../../core/errors'
import { GGUF_ARCHITECTURES } from '../architectures'
import type { Architecture, GgufVariant } from '../architectures/architecture'
import { whyUnsupported } from '../architectures/unsupported'
import { briefValue, type Metadata } from './metadata'

/** The architecture that a file names. @throws UnsupportedModel unless it can be run */
export function architectureOf(metadata: Metadata): Architecture & { readonly gguf: GgufVariant } {
  const name = metadata.text('general.architecture')
  const architecture = GGUF_ARCHITECTURES.get(name ?? '')
  if (architecture?.gguf) return { ...architecture, gguf: architecture.gguf }
  const why = whyUnsupported(name ?? '')
  const supported = [...GGUF_ARCHITECTURES.keys()].join(', ')
  throw new UnsupportedModel(
    `${metadata.file}: general.architecture is ${briefValue(name)}${why ? `: ${why}` : `; supported are ${supported}.`}`,
  )
}
