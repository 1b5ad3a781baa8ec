// y[row][i] = silu(gate) * up, silu(x) = x / (1 + exp(-x)); gate and up are columns i and up_offset + i of one matrix.
// One thread per element of y.

const WG_SIZE: u32 = 256u;
// where silu is 0 to f32's last digit, but exp(-x) still far from overflow
const LOWEST: f32 = -80f;

struct Params {
  n_rows: u32,
  row_len: u32,    // of y, in elements
  stride: u32,     // of gate_up, in elements
  up_offset: u32,  // column of up[0]
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate_up: array<f32>;  // [n_rows, stride]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // [n_rows, row_len]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  if (element >= params.n_rows * params.row_len) { return; }
  let row = element / params.row_len;
  let column = element % params.row_len;
  let gate = max(gate_up[row * params.stride + column], LOWEST);
  let up = gate_up[row * params.stride + params.up_offset + column];
  y[element] = gate / (1f + exp(-gate)) * up;
}
