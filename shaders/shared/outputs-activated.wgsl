// y[m][n] = activate(gate n) * up n, outputs of one matrix whose tiles of gates and ups take turns; without gates
// y[m][n] = activate(output n). An output is sum * factor(m) (+ bias): what becomes of the sums of a matrix product.
// Needs OUT_TOKENS, GROUP_ROWS (whole pairs of tiles if GATED), WG_SIZE and sh_totals of the kernel.

//#import activation-silu
//#import rms-factors

const GATED: bool = true;
const GROUP_COLUMNS: u32 = select(GROUP_ROWS, GROUP_ROWS / 2u, GATED);

struct Params {
  n_tokens: u32,
  n_blocks: u32,   // along k, of one row
  n_rows: u32,     // of this slice of the matrix
  first_row: u32,  // of this slice, in the whole matrix
  row_len: u32,    // of y, in elements
  has_bias: u32,   // 0 or 1
  first_sum: u32,  // where the sums of squares start in x_sums, in elements; 0: x needs no factors
  eps: f32,
}

@group(0) @binding(3) var<storage, read> bias: array<f32>;     // [rows of the whole matrix], if has_bias
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [n_tokens, row_len]

fn output(m: u32, place: u32, row: u32) -> f32 {
  var shift = 0f;
  if (params.has_bias != 0u) { shift = bias[params.first_row + row]; }
  return fma(sh_totals[m * GROUP_ROWS + place], factor(m), shift);
}

/// As that of outputs-plain.
fn finish(first_token: u32, first_row: u32, lane: u32) {
  compute_factors(first_token, lane);
  let end = tokens_from(first_token) * GROUP_COLUMNS;
  for (var i = lane; i < end; i += WG_SIZE) {
    let m = i / GROUP_COLUMNS;
    let n = i % GROUP_COLUMNS;
    let place = select(n, n / 16u * 32u + n % 16u, GATED);
    let row = first_row + place;
    let column = (params.first_row + first_row) / (GROUP_ROWS / GROUP_COLUMNS) + n;
    if (row >= params.n_rows || column >= params.row_len) { continue; }
    var value = activate(output(m, place, row));
    if (GATED) { value *= output(m, place + 16u, row + 16u); }
    y[(first_token + m) * params.row_len + column] = value;
  }
}
