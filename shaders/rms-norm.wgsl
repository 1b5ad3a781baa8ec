// y[row] = x[row] * weight / sqrt(mean(x[row]^2) + eps) (+ y[row]). One workgroup per row.

//#import row-sum

struct Params {
  n_rows: u32,
  row_len: u32,     // in elements
  eps: f32,
  accumulate: u32,  // 1: add to what y holds
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [n_rows, row_len]
@group(0) @binding(2) var<storage, read> weight: array<f32>;   // [row_len]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [n_rows, row_len]

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
  let scale = inverseSqrt(row_sum(lane, sum) / f32(params.row_len) + params.eps);
  for (var i = lane; i < params.row_len; i += WG_SIZE) {
    var before = 0f;
    if (params.accumulate != 0u) { before = y[start + i]; }
    y[start + i] = fma(x[start + i] * scale, weight[i], before);
  }
}
