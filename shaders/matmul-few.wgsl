// y[m][n] = finish(sum over k of x[m][k] * w[n][k]), for so few tokens m that a thread per row of w
// would leave the GPU idle. One workgroup per GROUP_ROWS rows; a thread computes one row's products in one slice of k.
// The order of summation is that of matmul-io.

//#import weights-f32
//#import matmul-io
//#import outputs-plain
//#import slice-sums

const TOKENS: u32 = 1u;       // per thread
const GROUP_ROWS: u32 = 16u;  // a tile or several
const AHEAD: u32 = select(1u, 2u, BLOCK_QUADS < 4u);  // blocks under way at once: the shorter, the more waits there are

@group(0) @binding(2) var<storage, read> x: array<vec4f>;  // [n_tokens, cols / 4]

fn add_block(block: Block, x_ix: u32, row_quads: u32, sum: ptr<function, array<f32, TOKENS>>) {
  for (var q = 0u; q < BLOCK_QUADS; q++) {
    let w = block_quad(block, q);
    for (var m = 0u; m < TOKENS; m++) { (*sum)[m] = add_products(w, x[x_ix + m * row_quads + q], (*sum)[m]); }
  }
}

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
  var x_ix = first_token * row_quads + slice_start(slice) * BLOCK_QUADS;

  var sum: array<f32, TOKENS>;
  for (var i = 0u; i < MAX_BLOCKS; i++) {
    if (i >= n / AHEAD) { break; }
    let block = load_block(block_ix);
    let next = load_block(block_ix + 16u);
    add_block(block, x_ix, row_quads, &sum);
    if (AHEAD == 2u) { add_block(next, x_ix + BLOCK_QUADS, row_quads, &sum); }
    block_ix += AHEAD * 16u;
    x_ix += AHEAD * BLOCK_QUADS;
  }
  if (n % AHEAD != 0u) { add_block(load_block(block_ix), x_ix, row_quads, &sum); }
  finish_slices(&sum, first_token, first_row, lane);
}
