// What the matmul kernels share: their parameters, their buffers but x, the order of summation and the epilogue.
// Needs a weights module (Block, load_block, block_quad, BLOCK_QUADS).
//
// THE ORDER OF SUMMATION is a law: y[m][n] has the same bits for any number of tokens, in every kernel, and for any format
// that means the same weights. The number of columns alone cuts k, at multiples of 32, into SLICES runs; within a run one
// fma after the other in the order of k, starting from 0; then the runs' sums are added in order, starting from 0. fma()
// is written out so that no compiler may contract or not.

const SLICES: u32 = 8u;
const UNIT_BLOCKS: u32 = 8u / BLOCK_QUADS;  // 32 columns, the longest block
const MAX_BLOCKS: u32 = 0x10000u;  // a constant bound lets compilers see that a loop ends

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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> bias: array<f32>;     // [rows of the whole matrix], if has_bias
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [n_tokens, y_stride]

/// Where a slice of k begins, in blocks. Slices differ by a unit at most, and may be empty.
fn slice_start(slice: u32) -> u32 {
  let n_units = (params.n_blocks + UNIT_BLOCKS - 1u) / UNIT_BLOCKS;
  return min(slice * n_units / SLICES * UNIT_BLOCKS, params.n_blocks);
}

fn slice_blocks(slice: u32) -> u32 { return slice_start(slice + 1u) - slice_start(slice); }

/// Index of the first block of a row; its others follow at steps of 16.
fn first_block(row: u32) -> u32 { return (row / 16u) * params.n_blocks * 16u + row % 16u; }

/// sum + w · v, in the order of k.
fn add_products(w: vec4f, v: vec4f, sum: f32) -> f32 {
  return fma(w.w, v.w, fma(w.z, v.z, fma(w.y, v.y, fma(w.x, v.x, sum))));
}

/// The same for four rows; a column of w holds one k of each.
fn add_products_of_4(w: mat4x4f, v: vec4f, sum: vec4f) -> vec4f {
  return fma(w[3], vec4f(v.w), fma(w[2], vec4f(v.z), fma(w[1], vec4f(v.y), fma(w[0], vec4f(v.x), sum))));
}

/// Stores an output of a token that exists, if the row exists too. (Threads of tokens and rows beyond the last compute
/// from whatever WebGPU lets them read, and must not store it.)
fn store(token: u32, row: u32, sum: f32) {
  if (row >= params.n_rows) { return; }
  let n = params.first_row + row;
  let i = token * params.y_stride + params.y_offset + n;
  var value = sum;
  if (params.has_bias != 0u) { value += bias[n]; }
  var before = 0f;
  if (params.accumulate != 0u) { before = y[i]; }
  y[i] = fma(value, params.scale, before);
}
