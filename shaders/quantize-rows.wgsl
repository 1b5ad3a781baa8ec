// x = codes * scale, rounded to int8 with a scale for 32 columns, whose largest becomes 127. One thread per 32 columns.

const WG_SIZE: u32 = 64u;
const TINY: f32 = 1e-30;  // less is taken for 0, whose scale has no inverse

struct Params {
  n_groups: u32,  // of 32 columns, in all rows
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;             // [n_rows, cols / 4]
@group(0) @binding(2) var<storage, read_write> codes: array<vec2u>;   // [n_rows, cols / 8] bytes of 8 columns
@group(0) @binding(3) var<storage, read_write> scales: array<f32>;    // [n_rows, cols / 32]

fn packed(v: vec4f) -> u32 {
  let bytes = (vec4u(vec4i(round(v))) & vec4u(0xffu)) << vec4u(0u, 8u, 16u, 24u);
  return bytes.x | bytes.y | bytes.z | bytes.w;
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * n_workgroups.x + group.x) * WG_SIZE + lane;
  if (i >= params.n_groups) { return; }
  var largest = vec4f(TINY);
  for (var q = 0u; q < 8u; q++) { largest = max(largest, abs(x[i * 8u + q])); }
  let size = max(max(largest.x, largest.y), max(largest.z, largest.w));
  let inverse = 127f / size;
  scales[i] = size / 127f;
  for (var q = 0u; q < 4u; q++) {
    codes[i * 4u + q] = vec2u(packed(x[i * 8u + 2u * q] * inverse), packed(x[i * 8u + 2u * q + 1u] * inverse));
  }
}
