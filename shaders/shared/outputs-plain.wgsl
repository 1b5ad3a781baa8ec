// y[m][n] = scale * (sum * factor(m) (+ bias[n])) (+ y[m][n]): what becomes of the sums of a matrix product.
// Needs OUT_TOKENS, GROUP_ROWS, WG_SIZE and sh_totals of the kernel.

//#import rms-factors

struct Params {
  n_tokens: u32,
  n_blocks: u32,    // along k, of one row
  n_rows: u32,      // of this slice of the matrix
  first_row: u32,   // of this slice, in the whole matrix
  y_stride: u32,    // from token to token, in elements
  y_offset: u32,    // of the matrix's first output within a token's stride
  has_bias: u32,    // 0 or 1
  accumulate: u32,  // 1: add to what y holds
  scale: f32,       // of the product and the bias
  first_sum: u32,   // where the sums of squares start in x_sums, in elements; 0: x needs no factors
  eps: f32,
}

@group(0) @binding(3) var<storage, read> bias: array<f32>;     // [rows of the whole matrix], if has_bias
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [n_tokens, y_stride]

/// Stores sh_totals [OUT_TOKENS, GROUP_ROWS], of tokens and rows of the slice from these on: those that exist. To be called
/// by all threads, behind a barrier.
fn finish(first_token: u32, first_row: u32, lane: u32) {
  compute_factors(first_token, lane);
  let end = tokens_from(first_token) * GROUP_ROWS;
  for (var i = lane; i < end; i += WG_SIZE) {
    let m = i / GROUP_ROWS;
    let row = first_row + i % GROUP_ROWS;
    if (row >= params.n_rows) { continue; }
    let n = params.first_row + row;
    let at = (first_token + m) * params.y_stride + params.y_offset + n;
    var shift = 0f;
    if (params.has_bias != 0u) { shift = bias[n]; }
    var before = 0f;
    if (params.accumulate != 0u) { before = y[at]; }
    y[at] = fma(fma(sh_totals[i], factor(m), shift), params.scale, before);
  }
}
