// y[thread] = the sum of CHAINS chains v = fma(v, factor, addend): how fast this device multiplies and adds in f32. Chains do
// not depend on each other, so that one's latency hides behind the others, and stay in registers.

const CHAINS: u32 = 4u;
const WG_SIZE: u32 = 64u;
const UNROLL: u32 = 8u;            // links of each chain per turn of the loop
const MAX_TURNS: u32 = 0x100000u;  // a constant bound lets compilers see that the loop ends

struct Params {
  n_turns: u32,
  factor: f32,
  addend: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;  // [threads]

@compute @workgroup_size(WG_SIZE)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let factor = vec4f(params.factor);
  let addend = vec4f(params.addend);
  var v: array<vec4f, CHAINS>;
  for (var c = 0u; c < CHAINS; c++) { v[c] = vec4f(f32(c)); }
  for (var turn = 0u; turn < MAX_TURNS; turn++) {
    if (turn >= params.n_turns) { break; }
    for (var i = 0u; i < UNROLL; i++) {
      for (var c = 0u; c < CHAINS; c++) { v[c] = fma(v[c], factor, addend); }
    }
  }
  var sum = vec4f();
  for (var c = 0u; c < CHAINS; c++) { sum += v[c]; }
  y[thread.x] = sum;
}
