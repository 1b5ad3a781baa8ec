// y[m][n] = scale * (sum over k of x[m][k] * w[n][k] (+ bias[n])) (+ y[m][n]), for many tokens m.
// A workgroup computes 64 rows of w for 4 * TOKENS tokens, a thread 4 rows for TOKENS tokens: 16 threads read a tile of
// weights, 4 threads the same weights and 16 the same x, all straight to registers.
// The order of summation is that of matmul-io.

//#import weights-f32
//#import matmul-io

const TOKENS: u32 = 8u;    // per thread
const ROW_LANES: u32 = 16u;
const TOKEN_LANES: u32 = 4u;
const WG_SIZE: u32 = ROW_LANES * TOKEN_LANES;

@group(0) @binding(2) var<storage, read> x: array<vec4f>;  // [n_tokens, cols / 4]

var<workgroup> sh_totals: array<vec4f, TOKENS * WG_SIZE>;

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // x runs over tokens, so that workgroups in flight together share weights, which are larger than x
  let first_token = group.x * TOKENS * TOKEN_LANES + lane / ROW_LANES * TOKENS;
  let first_row = (group.z * n_groups.y + group.y) * ROW_LANES * 4u + lane % ROW_LANES;
  let row_quads = params.n_blocks * BLOCK_QUADS;
  let row_step = ROW_LANES * params.n_blocks;  // from one of the thread's rows to its next, in blocks
  var block_ix = first_block(first_row);
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

  // each thread reads its own totals back in a loop that compilers cannot unroll: 32 copies of `store` compile slowly
  for (var m = 0u; m < TOKENS; m++) { sh_totals[m * WG_SIZE + lane] = total[m]; }
  let end = min(first_token + TOKENS, params.n_tokens);
  for (var token = first_token; token < end; token++) {
    let totals = sh_totals[(token - first_token) * WG_SIZE + lane];
    for (var r = 0u; r < 4u; r++) { store(token, first_row + r * ROW_LANES, totals[r]); }
  }
}
