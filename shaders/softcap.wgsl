// x = cap * tanh(x / cap), in place: bounds x without a kink. One thread per element.

const WG_SIZE: u32 = 256u;
// where tanh is 1 to f32's last digit; further out it overflows on some devices
const BOUND: f32 = 15f;

struct Params {
  n: u32,  // elements
  cap: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x: array<f32>;  // [n]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  if (i >= params.n) { return; }
  x[i] = params.cap * tanh(clamp(x[i] / params.cap, -BOUND, BOUND));
}
