// y[row][i] = activate(gate) * up, where gate and up are columns i and up_offset + i of one matrix; without gates
// y[row][i] = activate(x[row][i]). One thread per element of y.

//#import activation-silu

const GATED: bool = true;
const WG_SIZE: u32 = 256u;

struct Params {
  n_rows: u32,
  row_len: u32,    // of y, in elements
  stride: u32,     // of x, in elements
  up_offset: u32,  // column of up[0], if GATED
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [n_rows, stride]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [n_rows, row_len]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  if (element >= params.n_rows * params.row_len) { return; }
  let start = element / params.row_len * params.stride;
  let column = element % params.row_len;
  var value = activate(x[start + column]);
  if (GATED) { value *= x[start + params.up_offset + column]; }
  y[element] = value;
}
