/** WebGPU's flag constants as plain numbers: the globals `GPUBufferUsage` and `GPUMapMode` do not exist in Node. */
export const MAP_READ = 0x1
export const COPY_SRC = 0x4
export const COPY_DST = 0x8
export const UNIFORM = 0x40
export const STORAGE = 0x80
export const QUERY_RESOLVE = 0x200
/** `GPUMapMode.READ` */
export const MODE_READ = 0x1
/** `GPUShaderStage.COMPUTE` */
export const COMPUTE = 0x4

/** Bytes that a buffer of this size takes: buffers are made in multiples of 16. */
export function bufferBytes(size: number): number {
  return Math.max(16, Math.ceil(size / 16) * 16)
}
