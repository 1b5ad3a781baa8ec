// y[m][n] = finish(sum over k of x[m][k] * w[n][k]), for few tokens m, on narrow subgroups.
// A thread computes ROW_TILES rows of w for TOKENS tokens, in the whole of k. It loads a quad of a unit of 32 columns of x,
// and each subgroup hands its loads around.
// Needs subgroups of 8 threads or a multiple. The order of summation is that of matmul-io.

enable subgroups;

//#import weights-f32
//#import matmul-io
//#import outputs-plain

const TOKENS: u32 = 1u;       // per thread
const GROUP_ROWS: u32 = 32u;
const OUT_TOKENS: u32 = TOKENS;
const WG_SIZE: u32 = 16u;
const ROW_TILES: u32 = GROUP_ROWS / WG_SIZE;
const UNIT_QUADS: u32 = 8u;

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
  var x_ix = first_token * row_quads + subgroup_lane % UNIT_QUADS;

  var total: array<f32, TOKENS * ROW_TILES>;  // [TOKENS, ROW_TILES]
  var sum: array<f32, TOKENS * ROW_TILES>;
  var v: array<vec4f, TOKENS>;
  for (var slice = 0u; slice < SLICES; slice++) {
    let n = slice_blocks(slice);
    for (var unit = 0u; unit < MAX_BLOCKS; unit++) {
      if (unit * UNIT_BLOCKS >= n) { break; }
      for (var m = 0u; m < TOKENS; m++) { v[m] = x[x_ix + m * row_quads]; }
      x_ix += UNIT_QUADS;
      let unit_blocks = min(UNIT_BLOCKS, n - unit * UNIT_BLOCKS);  // no constant, or compilers unroll all of it
      for (var i = 0u; i < unit_blocks; i++) {
        for (var r = 0u; r < ROW_TILES; r++) {
          let block = load_block(block_ix + r * row_step);
          for (var q = 0u; q < BLOCK_QUADS; q++) {
            let w = block_quad(block, q);
            for (var m = 0u; m < TOKENS; m++) {
              let at = m * ROW_TILES + r;
              sum[at] = add_products(w, subgroupShuffle(v[m], i * BLOCK_QUADS + q), sum[at]);
            }
          }
        }
        block_ix += 16u;
      }
    }
    for (var at = 0u; at < TOKENS * ROW_TILES; at++) {
      total[at] += sum[at];
      sum[at] = 0f;
    }
  }

  for (var m = 0u; m < TOKENS; m++) {
    for (var r = 0u; r < ROW_TILES; r++) { sh_totals[m * GROUP_ROWS + r * WG_SIZE + lane] = total[m * ROW_TILES + r]; }
  }
  workgroupBarrier();
  finish(first_token, first_row, lane);
}
