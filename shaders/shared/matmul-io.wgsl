// The common ground of the matmul kernels' main loops: the order of summation, and where weights lie.
// Needs a weights module (Block, load_block, block_quad, BLOCK_QUADS) and an outputs module (Params with n_blocks, finish).
//
// A kernel leaves its sums in sh_totals: array<f32, OUT_TOKENS * GROUP_ROWS>, then all its WG_SIZE threads call finish(),
// once or for one OUT_TOKENS of its tokens after the other, with a barrier before each call and before the next sums. What
// is computed for tokens and rows beyond the last, from whatever WebGPU lets them read, is not stored there.
//
// THE ORDER OF SUMMATION is a law: y[m][n] has the same bits for any number of tokens, in every kernel, and for any format
// that means the same weights. The number of columns alone cuts k, at multiples of 32, into SLICES runs; within a run one
// fma after the other in the order of k, starting from 0; then the runs' sums are added in order, starting from 0. fma()
// is written out so that no compiler may contract or not.

const SLICES: u32 = 8u;
const UNIT_BLOCKS: u32 = 8u / BLOCK_QUADS;  // 32 columns, the longest block
const MAX_BLOCKS: u32 = 0x10000u;  // a constant bound lets compilers see that a loop ends

@group(0) @binding(0) var<uniform> params: Params;

/// Where a slice of k begins, in blocks. Slices differ by a unit at most, and may be empty.
fn slice_start(slice: u32) -> u32 {
  let n_units = (params.n_blocks + UNIT_BLOCKS - 1u) / UNIT_BLOCKS;
  return min(slice * n_units / SLICES * UNIT_BLOCKS, params.n_blocks);
}

fn slice_blocks(slice: u32) -> u32 { return slice_start(slice + 1u) - slice_start(slice); }

/// Index of the first block of a row; its others follow at steps of 16.
fn first_block(row: u32) -> u32 { return (row / 16u) * params.n_blocks * 16u + row % 16u; }

/// How many of OUT_TOKENS tokens from this one on there are.
fn tokens_from(first_token: u32) -> u32 { return min(OUT_TOKENS, params.n_tokens - min(first_token, params.n_tokens)); }

/// sum + w · v, in the order of k.
fn add_products(w: vec4f, v: vec4f, sum: f32) -> f32 {
  return fma(w.w, v.w, fma(w.z, v.z, fma(w.y, v.y, fma(w.x, v.x, sum))));
}

/// The same for four rows; a column of w holds one k of each.
fn add_products_of_4(w: mat4x4f, v: vec4f, sum: vec4f) -> vec4f {
  return fma(w[3], vec4f(v.w), fma(w[2], vec4f(v.z), fma(w[1], vec4f(v.y), fma(w[0], vec4f(v.x), sum))));
}
