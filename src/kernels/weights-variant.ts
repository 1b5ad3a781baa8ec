import type { ShaderVariant } from '../gpu/shader'
import { isQuantized, type MatrixFormat } from './matrix-format'

/** What makes a shader that imports `weights-f32` read a matrix of this format. */
export function weightsVariant(format: MatrixFormat): Required<Pick<ShaderVariant, 'modules' | 'constants'>> {
  return {
    modules: { 'weights-f32': `weights-${format.kind}` },
    constants: isQuantized(format) ? { GROUP: format.group, HAS_ZEROS: Number(format.hasZeros) } : {},
  }
}
