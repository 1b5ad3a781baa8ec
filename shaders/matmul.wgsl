// y[m][n] = finish(sum over k of x[m][k] * w[n][k]), for many tokens m.
// A workgroup computes 64 rows of w for 4 * TOKENS tokens, a thread 4 rows for TOKENS tokens: 16 threads read a tile of
// weights, 4 threads the same weights and 16 the same x, all straight to registers.
// The order of summation is that of matmul-io.

//#import weights-f32
//#import matmul-io
//#import outputs-plain

const TOKENS: u32 = 8u;    // per thread
const GROUP_ROWS: u32 = 64u;
const ROW_LANES: u32 = GROUP_ROWS / 4u;
const TOKEN_LANES: u32 = 4u;
const OUT_TOKENS: u32 = TOKENS * TOKEN_LANES;
const WG_SIZE: u32 = ROW_LANES * TOKEN_LANES;

@group(0) @binding(2) var<storage, read> x: array<vec4f>;  // [n_tokens, cols / 4]

var<workgroup> sh_totals: array<f32, OUT_TOKENS * GROUP_ROWS>;

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // x runs over tokens, so that workgroups in flight together share weights, which are larger than x
  let group_token = group.x * OUT_TOKENS;
  let group_row = (group.z * n_groups.y + group.y) * GROUP_ROWS;
  let first_token = group_token + lane / ROW_LANES * TOKENS;
  let row_quads = params.n_blocks * BLOCK_QUADS;
  let row_step = ROW_LANES * params.n_blocks;  // from one of the thread's rows to its next, in blocks
  var block_ix = first_block(group_row + lane % ROW_LANES);
  var x_ix = first_token * row_quads;

  var total: array<vec4f, TOKENS>;
  var sum: array<vec4f, TOKENS>;
  for (var slice = 0u; slice < SLICES; slice++) {
    let n = slice_blocks(slice);
    for (var i = 0u; i < MAX_BLOCKS; i++) {
      if (i >= n) { break; }
      let b0 = load_block(block_ix);
      let b1 = load_block(block_ix + row_step);
      let b2 = load_block(block_ix + 2u * row_step);
      let b3 = load_block(block_ix + 3u * row_step);
      for (var q = 0u; q < BLOCK_QUADS; q++) {
        let w = transpose(mat4x4f(block_quad(b0, q), block_quad(b1, q), block_quad(b2, q), block_quad(b3, q)));
        for (var m = 0u; m < TOKENS; m++) { sum[m] = add_products_of_4(w, x[x_ix + m * row_quads + q], sum[m]); }
      }
      block_ix += 16u;
      x_ix += BLOCK_QUADS;
    }
    for (var m = 0u; m < TOKENS; m++) {
      total[m] += sum[m];
      sum[m] = vec4f();
    }
  }

  for (var m = 0u; m < TOKENS; m++) {
    let first = (lane / ROW_LANES * TOKENS + m) * GROUP_ROWS + lane % ROW_LANES;
    for (var r = 0u; r < 4u; r++) { sh_totals[first + r * ROW_LANES] = total[m][r]; }
  }
  workgroupBarrier();
  finish(group_token, group_row, lane);
}
