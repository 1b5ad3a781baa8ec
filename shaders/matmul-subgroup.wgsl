// y[m][n] = finish(sum over k of x[m][k] * w[n][k]), for any number of tokens m, on narrow subgroups.
// A thread computes 4 rows of w for TOKENS tokens. It loads x for an eighth of the tokens only, and each subgroup hands
// its loads around: worth it where a load of one address by all threads costs a load each, as in Mesa's lavapipe, where
// this takes less than half the time of any kernel without subgroups.
// Needs subgroups of 8 threads or a multiple. The order of summation is that of matmul-io.

enable subgroups;

//#import weights-f32
//#import matmul-io
//#import outputs-plain

const TOKENS: u32 = 8u;    // per thread, a multiple of 8
const GROUP_ROWS: u32 = 64u;
const OUT_TOKENS: u32 = TOKENS;
const WG_SIZE: u32 = GROUP_ROWS / 4u;  // small, so that few rows still occupy all cores

@group(0) @binding(2) var<storage, read> x: array<vec4f>;  // [n_tokens, cols / 4]

var<workgroup> sh_totals: array<f32, OUT_TOKENS * GROUP_ROWS>;

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(subgroup_invocation_id) subgroup_lane: u32,
) {
  let first_token = group.x * TOKENS;
  let first_row = (group.z * n_groups.y + group.y) * GROUP_ROWS;
  let row_quads = params.n_blocks * BLOCK_QUADS;
  let row_step = WG_SIZE * params.n_blocks;  // from one of the thread's rows to its next, in blocks
  var block_ix = first_block(first_row + lane);
  var x_ix = (first_token + subgroup_lane % 8u) * row_quads;

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
        for (var m = 0u; m < TOKENS; m += 8u) {
          let v = x[x_ix + m * row_quads + q];
          for (var j = 0u; j < 8u; j++) { sum[m + j] = add_products_of_4(w, subgroupShuffle(v, j), sum[m + j]); }
        }
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
    for (var r = 0u; r < 4u; r++) { sh_totals[m * GROUP_ROWS + r * WG_SIZE + lane] = total[m][r]; }
  }
  workgroupBarrier();
  finish(first_token, first_row, lane);
}
