// y[m][n] = finish(sum over k of x[m][k] * w[n][k]), for any number of tokens m, on narrow subgroups.
// A thread computes 4 rows of w for TOKENS tokens. It loads x for an eighth of the tokens only, and each subgroup hands
// its loads around: worth it where a load of one address by all threads costs a load each, as in Mesa's lavapipe, where
// this takes less than half the time of any kernel without subgroups.
// Needs subgroups of 8 threads or a multiple. The order of summation is that of matmul-io.

enable subgroups;

//#import weights-f32
//#import matmul-io
//#import outputs-plain

const TOKENS: u32 = 8u;    // per thread: 8, 16 or 32
const GROUP_ROWS: u32 = 64u;
const OUT_TOKENS: u32 = TOKENS;
const WG_SIZE: u32 = GROUP_ROWS / 4u;  // small, so that few rows still occupy all cores

@group(0) @binding(2) var<storage, read> x: array<vec4f>;  // [n_tokens, cols / 4]

var<workgroup> sh_totals: array<f32, OUT_TOKENS * GROUP_ROWS>;

// each token's sums of the slice, then those of the slices before it: one array, since an index that is not constant (in
// main, at the end) keeps all of it in memory, where LLVM otherwise moves every sum around at every end of a loop
var<private> sums: array<vec4f, 2u * TOKENS>;

/// Adds a quad of k of 8 tokens from this one on; the thread loads its own token's.
fn add_quad(w: mat4x4f, first: u32, x_ix: u32) {
  let v = x[x_ix];
  for (var j = 0u; j < 8u; j++) { sums[first + j] = add_products_of_4(w, subgroupShuffle(v, j), sums[first + j]); }
}

/// Adds the slice's sums of 8 tokens to the totals.
fn end_slice(first: u32) {
  for (var m = first; m < first + 8u; m++) {
    sums[TOKENS + m] += sums[m];
    sums[m] = vec4f();
  }
}

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
  let n_rows = min(4u, 4u * params.n_blocks);  // no constant: makes the code of the loads smaller, and faster
  var block_ix = first_block(first_row + lane);
  var x_ix = (first_token + subgroup_lane % 8u) * row_quads;

  var blocks: array<Block, 4>;
  for (var slice = 0u; slice < SLICES; slice++) {
    let n = slice_blocks(slice);
    for (var i = 0u; i < MAX_BLOCKS; i++) {
      if (i >= n) { break; }
      for (var r = 0u; r < n_rows; r++) { blocks[r] = load_block(block_ix + r * row_step); }
      for (var q = 0u; q < BLOCK_QUADS; q++) {
        let w = transpose(mat4x4f(
          block_quad(blocks[0], q), block_quad(blocks[1], q), block_quad(blocks[2], q), block_quad(blocks[3], q),
        ));
        // written out, since compilers do not unroll so much
        add_quad(w, 0u, x_ix + q);
        if (TOKENS > 8u) { add_quad(w, 8u, x_ix + 8u * row_quads + q); }
        if (TOKENS > 16u) {
          add_quad(w, 16u, x_ix + 16u * row_quads + q);
          add_quad(w, 24u, x_ix + 24u * row_quads + q);
        }
      }
      block_ix += 16u;
      x_ix += BLOCK_QUADS;
    }
    end_slice(0u);
    if (TOKENS > 8u) { end_slice(8u); }
    if (TOKENS > 16u) {
      end_slice(16u);
      end_slice(24u);
    }
  }

  let n_tokens = tokens_from(first_token);
  for (var m = 0u; m < n_tokens; m++) {
    for (var r = 0u; r < 4u; r++) { sh_totals[m * GROUP_ROWS + r * WG_SIZE + lane] = sums[TOKENS + m][r]; }
  }
  workgroupBarrier();
  finish(first_token, first_row, lane);
}
