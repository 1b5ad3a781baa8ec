// The end of a matrix product in which each thread has the sums of one row of w in one slice of k, for TOKENS tokens: the
// slices' sums are added, in the order of matmul-io.
// Needs TOKENS and GROUP_ROWS of the kernel, matmul-io, and an outputs module.

const OUT_TOKENS: u32 = TOKENS;
const WG_SIZE: u32 = GROUP_ROWS * SLICES;

var<workgroup> sh_sums: array<f32, TOKENS * WG_SIZE>;  // [TOKENS, SLICES, GROUP_ROWS]
var<workgroup> sh_totals: array<f32, OUT_TOKENS * GROUP_ROWS>;

/// To be called by all threads, each with the sums of its row and slice.
fn finish_slices(sum: ptr<function, array<f32, TOKENS>>, first_token: u32, first_row: u32, lane: u32) {
  for (var m = 0u; m < TOKENS; m++) { sh_sums[m * WG_SIZE + lane] = (*sum)[m]; }
  workgroupBarrier();

  for (var i = lane; i < OUT_TOKENS * GROUP_ROWS; i += WG_SIZE) {
    let first = i / GROUP_ROWS * WG_SIZE + i % GROUP_ROWS;
    var total = 0f;
    for (var s = 0u; s < SLICES; s++) { total += sh_sums[first + s * GROUP_ROWS]; }
    sh_totals[i] = total;
  }
  workgroupBarrier();
  finish(first_token, first_row, lane);
}
