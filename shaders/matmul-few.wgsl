// y[m][n] = scale * (sum over k of x[m][k] * w[n][k] (+ bias[n])) (+ y[m][n]), for so few tokens m that a thread per row of w
// would leave the GPU idle. One workgroup per tile of 16 rows; a thread computes one row's products in one slice of k.
// The order of summation is that of matmul-io.

//#import weights-f32
//#import matmul-io

const TOKENS: u32 = 1u;    // per thread, at most SLICES
const WG_SIZE: u32 = 16u * SLICES;

@group(0) @binding(2) var<storage, read> x: array<vec4f>;  // [n_tokens, cols / 4]

var<workgroup> sh_sums: array<f32, TOKENS * WG_SIZE>;  // [TOKENS, SLICES, 16 rows]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_token = group.x * TOKENS;
  let first_row = (group.z * n_groups.y + group.y) * 16u;
  let row_quads = params.n_blocks * BLOCK_QUADS;
  let slice = lane / 16u;
  let n = slice_blocks(slice);
  var block_ix = first_block(first_row + lane % 16u) + slice_start(slice) * 16u;
  var x_ix = first_token * row_quads + slice_start(slice) * BLOCK_QUADS;

  var sum: array<f32, TOKENS>;
  for (var i = 0u; i < MAX_BLOCKS; i++) {
    if (i >= n) { break; }
    let block = load_block(block_ix);
    for (var q = 0u; q < BLOCK_QUADS; q++) {
      let w = block_quad(block, q);
      for (var m = 0u; m < TOKENS; m++) { sum[m] = add_products(w, x[x_ix + m * row_quads + q], sum[m]); }
    }
    block_ix += 16u;
    x_ix += BLOCK_QUADS;
  }
  for (var m = 0u; m < TOKENS; m++) { sh_sums[m * WG_SIZE + lane] = sum[m]; }
  workgroupBarrier();

  let m = lane / 16u;
  let token = first_token + m;
  if (m >= TOKENS || token >= params.n_tokens) { return; }
  var total = 0f;
  for (var s = 0u; s < SLICES; s++) { total += sh_sums[m * WG_SIZE + s * 16u + lane % 16u]; }
  store(token, first_row + lane % 16u, total);
}
