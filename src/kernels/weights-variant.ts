import type { ShaderVariant } from '../gpu/shader'
import { isQuantized, type MatrixFormat } from './matrix-format'

/** The part of a shader's variant that makes it read a matrix of this format, if it imports `module`. */
export function weightsVariant(
  format: MatrixFormat,
  module: 'weights-f32' | 'weights-q8' = 'weights-f32',
): Required<Pick<ShaderVariant, 'modules' | 'constants'>> {
  return {
    modules: { [module]: `weights-${format.kind}` },
    constants: isQuantized(format) ? { GROUP: format.group, HAS_ZEROS: Number(format.hasZeros) } : {},
  }
}
