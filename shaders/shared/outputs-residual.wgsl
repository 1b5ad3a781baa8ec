// y[m][n] += scale * (sum (+ bias[n])), a residual stream, and of its new rows what an RMSNorm needs that follows:
// next[m][n] = y[m][n] * norm_weight[n], and the sums of squares of 16 columns each, by whose mean `rms-factors` divides.
// Needs OUT_TOKENS, GROUP_ROWS, WG_SIZE and sh_totals of the kernel.

struct Params {
  n_tokens: u32,
  n_blocks: u32,   // along k, of one row
  n_rows: u32,     // of this slice of the matrix
  first_row: u32,  // of this slice, in the whole matrix
  row_len: u32,    // of y, in elements
  has_bias: u32,   // 0 or 1
  scale: f32,      // of the product and the bias
  first_sum: u32,  // where the sums of squares start in next, in elements
}

@group(0) @binding(3) var<storage, read> bias: array<f32>;         // [row_len], if has_bias
@group(0) @binding(4) var<storage, read_write> y: array<f32>;      // [n_tokens, row_len]
@group(0) @binding(7) var<storage, read> norm_weight: array<f32>;  // [row_len]
@group(0) @binding(8) var<storage, read_write> next: array<f32>;   // [n_tokens, row_len], from first_sum on [n_tokens, row_len / 16]

/// As that of outputs-plain.
fn finish(first_token: u32, first_row: u32, lane: u32) {
  let end = tokens_from(first_token) * GROUP_ROWS;
  for (var i = lane; i < end; i += WG_SIZE) {
    let token = first_token + i / GROUP_ROWS;
    let row = first_row + i % GROUP_ROWS;
    var value = 0f;
    if (row < params.n_rows) {
      let n = params.first_row + row;
      let at = token * params.row_len + n;
      value = sh_totals[i];
      if (params.has_bias != 0u) { value += bias[n]; }
      value = fma(value, params.scale, y[at]);
      y[at] = value;
      next[at] = value * norm_weight[n];
    }
    sh_totals[i] = value;
  }
  workgroupBarrier();
  for (var i = lane; i < end / 16u; i += WG_SIZE) {
    let token = first_token + i * 16u / GROUP_ROWS;
    let row = first_row + i * 16u % GROUP_ROWS;
    if (row >= params.n_rows) { continue; }
    var sum = 0f;
    for (var n = 0u; n < 16u; n++) { sum = fma(sh_totals[i * 16u + n], sh_totals[i * 16u + n], sum); }
    next[params.first_sum + token * ((params.row_len + 15u) / 16u) + (params.first_row + row) / 16u] = sum;
  }
}
