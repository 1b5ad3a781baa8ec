// What the matmul kernels share: their parameters, their buffers, the order of summation and the epilogue.
// Needs a weights module (Block, load_block, block_quad, BLOCK_QUADS).
//
// THE ORDER OF SUMMATION is a law: y[m][n] has the same bits for any number of tokens and in every kernel. The blocks of
// k are cut into SLICES runs by n_blocks alone; within a run one fma after the other in the order of k, starting from 0;
// then the runs' sums are added in order, starting from 0. fma() is written out so that no compiler may contract or not.

const N_BLOCKS: u32 = 16u;         // blocks along k, of one row
const ACCUMULATE: bool = false;    // add to what y holds
const HAS_BIAS: bool = false;

const SLICES: u32 = 8u;
const SLICE_BLOCKS: u32 = (N_BLOCKS + SLICES - 1u) / SLICES;
const ROW_QUADS: u32 = N_BLOCKS * BLOCK_QUADS;

struct Params {
  n_tokens: u32,
  n_rows: u32,     // of this slice of the matrix
  first_row: u32,  // of this slice, in the whole matrix
  y_stride: u32,   // from token to token, in elements
  y_offset: u32,   // of the matrix's first output within a token's stride
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<vec4f>;      // [n_tokens, ROW_QUADS]
@group(0) @binding(3) var<storage, read> bias: array<f32>;     // [rows of the whole matrix], read if HAS_BIAS
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // [n_tokens, y_stride]

/// Index of the first block of a row; its others follow at steps of 16.
fn first_block(row: u32) -> u32 { return (row / 16u) * (N_BLOCKS * 16u) + row % 16u; }

/// sum + w · v, in the order of k.
fn add_products(w: vec4f, v: vec4f, sum: f32) -> f32 {
  return fma(w.w, v.w, fma(w.z, v.z, fma(w.y, v.y, fma(w.x, v.x, sum))));
}

fn store(token: u32, row: u32, sum: f32) {
  if (token >= params.n_tokens || row >= params.n_rows) { return; }
  let n = params.first_row + row;
  let i = token * params.y_stride + params.y_offset + n;
  var value = sum;
  if (HAS_BIAS) { value += bias[n]; }
  if (ACCUMULATE) { value += y[i]; }
  y[i] = value;
}
