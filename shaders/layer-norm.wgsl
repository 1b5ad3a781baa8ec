// y[row] = (x[row] - mean) / sqrt(variance + eps) * weight + bias, mean and variance of x[row]. One workgroup per row.

//#import row-sum

struct Params {
  n_rows: u32,
  row_len: u32,  // in elements
  eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // [n_rows, row_len]
@group(0) @binding(2) var<storage, read> weight: array<f32>;   // [row_len]
@group(0) @binding(3) var<storage, read> bias: array<f32>;     // [row_len]
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [n_rows, row_len]

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
  for (var i = lane; i < params.row_len; i += WG_SIZE) { sum += x[start + i]; }
  let mean = row_sum(lane, sum) / f32(params.row_len);
  // a second pass over x: the difference of two large sums of squares would lose the variance
  var squares = 0f;
  for (var i = lane; i < params.row_len; i += WG_SIZE) {
    let value = x[start + i] - mean;
    squares = fma(value, value, squares);
  }
  let scale = inverseSqrt(row_sum(lane, squares) / f32(params.row_len) + params.eps);
  for (var i = lane; i < params.row_len; i += WG_SIZE) {
    y[start + i] = fma((x[start + i] - mean) * scale, weight[i], bias[i]);
  }
}
