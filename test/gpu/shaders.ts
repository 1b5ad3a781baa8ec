/** Shaders of the tests' own, small enough to see what a kernel, a step or the profiler does with them. */
import type { Gpu } from '../../src/gpu/device'
import { KernelCache } from '../../src/gpu/kernel'

const HEAD = `
const WG_SIZE: u32 = 64u;

struct Params {
  n: u32,
  factor: f32,
  offset: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
`

const MAIN = `
@compute @workgroup_size(WG_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n) { return; }
`

const SHADERS = {
  /** y = y · factor + offset */
  affine: `${HEAD}${MAIN}  y[id.x] = y[id.x] * params.factor + f32(params.offset);\n}\n`,
  /** y = x · factor + offset */
  scale: `${HEAD}@group(0) @binding(2) var<storage, read> x: array<f32>;
${MAIN}  y[id.x] = x[id.x] * params.factor + f32(params.offset);\n}\n`,
  /** y = list at word `offset` of the step's arena, · factor */
  list: `${HEAD}@group(0) @binding(2) var<storage, read> arena: array<u32>;
${MAIN}  y[id.x] = f32(arena[u32(params.offset) + id.x]) * params.factor;\n}\n`,
  broken: `${HEAD}${MAIN}  y[id.x] = no_such_function(params.factor);\n}\n`,
  /** Compiles, but no device runs a workgroup that large. */
  huge: `${HEAD}${MAIN.replace('WG_SIZE', '1048576')}  y[id.x] = 0f;\n}\n`,
}

export function testKernels(gpu: Gpu): KernelCache {
  return new KernelCache(gpu, name => SHADERS[name as keyof typeof SHADERS])
}
