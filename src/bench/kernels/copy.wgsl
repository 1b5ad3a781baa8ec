// y[i] = x[i]: how fast this device moves memory. Each thread copies QUADS, neighbours side by side.

const QUADS: u32 = 4u;
const WG_SIZE: u32 = 64u;

struct Params {
  n_groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;        // [n_groups, QUADS, WG_SIZE]
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;  // [n_groups, QUADS, WG_SIZE]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.y * n_groups.x + group.x;
  if (index >= params.n_groups) { return; }
  let start = index * QUADS * WG_SIZE + lane;
  for (var i = 0u; i < QUADS; i++) { y[start + i * WG_SIZE] = x[start + i * WG_SIZE]; }
}
