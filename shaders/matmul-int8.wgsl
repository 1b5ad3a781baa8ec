// y[m][n] = finish(sum over k of x[m][k] * w[n][k]), x and w being int8 with scales, so that a block's sum
// of products is an exact integer. One workgroup per GROUP_ROWS rows; a thread computes one row's products in one slice of
// k. The order of summation is that of matmul-io, with a block in the place of a weight.

requires packed_4x8_integer_dot_product;

//#import weights-q8
//#import matmul-io
//#import outputs-plain
//#import slice-sums

const TOKENS: u32 = 8u;       // per thread
const GROUP_ROWS: u32 = 16u;  // a tile or several

@group(0) @binding(2) var<storage, read> x_codes: array<vec4u>;  // [n_tokens, cols / 16] bytes of 16 columns
@group(0) @binding(6) var<storage, read> x_scales: array<f32>;   // [n_tokens, cols / 32]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_token = group.x * TOKENS;
  let first_row = (group.z * n_groups.y + group.y) * GROUP_ROWS;
  let row_quads = params.n_blocks * BLOCK_QUADS;
  let slice = lane / GROUP_ROWS;
  let n = slice_blocks(slice);
  var block_ix = first_block(first_row + lane % GROUP_ROWS) + slice_start(slice) * 16u;
  var quad_ix = first_token * row_quads + slice_start(slice) * BLOCK_QUADS;

  var sum: array<f32, TOKENS>;
  var ints: array<i32, TOKENS>;
  for (var i = 0u; i < MAX_BLOCKS; i++) {
    if (i >= n) { break; }
    let block = load_block(block_ix);
    for (var q = 0u; q < BLOCK_QUADS; q += 4u) {
      let w0 = block_int8s(block, q);
      let w1 = block_int8s(block, q + 1u);
      let w2 = block_int8s(block, q + 2u);
      let w3 = block_int8s(block, q + 3u);
      for (var m = 0u; m < TOKENS; m++) {
        let v = x_codes[(quad_ix + m * row_quads + q) / 4u];
        ints[m] += dot4I8Packed(w0, v.x) + dot4I8Packed(w1, v.y) + dot4I8Packed(w2, v.z) + dot4I8Packed(w3, v.w);
      }
    }
    for (var m = 0u; m < TOKENS; m++) {
      sum[m] = fma(f32(ints[m]), block.scale * x_scales[(quad_ix + m * row_quads) / 8u], sum[m]);
      ints[m] = 0i;
    }
    block_ix += 16u;
    quad_ix += BLOCK_QUADS;
  }
  finish_slices(&sum, first_token, first_row, lane);
}
