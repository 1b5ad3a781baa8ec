// y[m][n] = activate(gate n) * up n, outputs of one matrix whose tiles of gates and ups take turns; without gates
// y[m][n] = activate(output n). An output is sum (+ bias): what becomes of the sums of a matrix product.
// Needs OUT_TOKENS, GROUP_ROWS (whole pairs of tiles if GATED), WG_SIZE and sh_totals of the kernel.

//#import activation-silu

const GATED: bool = true;
const GROUP_COLUMNS: u32 = select(GROUP_ROWS, GROUP_ROWS / 2u, GATED);

struct Params {
  n_tokens: u32,
  n_blocks: u32,   // along k, of one row
  n_rows: u32,     // of this slice of the matrix
  first_row: u32,  // of this slice, in the whole matrix
  row_len: u32,    // of y, in elements
  has_bias: u32,   // 0 or 1
}

@group(0) @binding(3) var<storage, read> bias: array<f32>;     // [rows of the whole matrix], if has_bias
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [n_tokens, row_len]

fn output(i: u32, row: u32) -> f32 {
  var value = sh_totals[i];
  if (params.has_bias != 0u) { value += bias[params.first_row + row]; }
  return value;
}

/// As that of outputs-plain.
fn finish(first_token: u32, first_row: u32, lane: u32) {
  for (var i = lane; i < OUT_TOKENS * GROUP_COLUMNS; i += WG_SIZE) {
    let m = i / GROUP_COLUMNS;
    let n = i % GROUP_COLUMNS;
    let place = select(n, n / 16u * 32u + n % 16u, GATED);
    let row = first_row + place;
    let column = (params.first_row + first_row) / (GROUP_ROWS / GROUP_COLUMNS) + n;
    if (first_token + m >= params.n_tokens || row >= params.n_rows || column >= params.row_len) { continue; }
    let at = m * GROUP_ROWS + place;
    var value = activate(output(at, row));
    if (GATED) { value *= output(at + 16u, row + 16u); }
    y[(first_token + m) * params.row_len + column] = value;
  }
}
