// y[row] = x[row] * weight / sqrt(mean(x[row]^2) + eps). One workgroup per row.

const WG_SIZE: u32 = 64u;

struct Params {
  n_rows: u32,
  row_len: u32,   // in elements
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [n_rows, row_len]
@group(0) @binding(2) var<storage, read> weight: array<f32>;   // [row_len]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [n_rows, row_len]

var<workgroup> sh_sums: array<f32, WG_SIZE>;

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * n_groups.x + group.x;
  if (row >= params.n_rows) { return; }
  let start = row * params.row_len;

  var sum = 0f;
  for (var i = lane; i < params.row_len; i += WG_SIZE) {
    let value = x[start + i];
    sum = fma(value, value, sum);
  }
  sh_sums[lane] = sum;
  workgroupBarrier();
  // every thread adds all partial sums in the same order: the result does not depend on the device's subgroups
  var total = 0f;
  for (var i = 0u; i < WG_SIZE; i++) { total += sh_sums[i]; }

  let scale = inverseSqrt(total / f32(params.row_len) + params.eps);
  for (var i = lane; i < params.row_len; i += WG_SIZE) {
    y[start + i] = x[start + i] * scale * weight[i];
  }
}
