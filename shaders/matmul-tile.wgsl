// y[m][n] = finish(sum over k of x[m][k] * w[n][k]), for many tokens m on a GPU.
// A workgroup computes 64 tokens by GROUP_ROWS rows of w, a thread TOKENS by 8 of them. A slab of 16 columns of both lies
// in workgroup memory, where each weight is decoded once; the next slab is on its way to registers meanwhile.
// The order of summation is that of matmul-io.

//#import weights-f32
//#import matmul-io
//#import outputs-plain

const TOKENS: u32 = 8u;    // per thread
const GROUP_ROWS: u32 = 64u;
const GROUP_TOKENS: u32 = 64u;
const ROWS: u32 = 8u;      // per thread
const ROW_LANES: u32 = GROUP_ROWS / ROWS;
const TOKEN_LANES: u32 = GROUP_TOKENS / TOKENS;
const WG_SIZE: u32 = ROW_LANES * TOKEN_LANES;
const OUT_TOKENS: u32 = 8u;

const SLAB_QUADS: u32 = 4u;
const X_STRIDE: u32 = GROUP_TOKENS + 2u;  // so that the quads of two tokens are stored to different banks
const X_LOADS: u32 = GROUP_TOKENS * SLAB_QUADS / WG_SIZE;
const PART_QUADS: u32 = min(BLOCK_QUADS, GROUP_ROWS * SLAB_QUADS / WG_SIZE);  // of a block, that one thread decodes
const SLAB_PARTS: u32 = SLAB_QUADS / PART_QUADS;
const W_LOADS: u32 = GROUP_ROWS * SLAB_PARTS / WG_SIZE;

@group(0) @binding(2) var<storage, read> x: array<vec4f>;  // [n_tokens, cols / 4]

var<workgroup> sh_x: array<vec4f, SLAB_QUADS * X_STRIDE>;    // [SLAB_QUADS, TOKENS, TOKEN_LANES], padded
var<workgroup> sh_w: array<vec4f, SLAB_QUADS * GROUP_ROWS>;  // [SLAB_QUADS, GROUP_ROWS]
var<workgroup> sh_totals: array<f32, OUT_TOKENS * GROUP_ROWS>;

/// A slab on its way from the buffers to workgroup memory: this thread's share.
struct Share {
  x: array<vec4f, X_LOADS>,
  w: array<Block, W_LOADS>,
}

fn load_share(group_token: u32, group_row: u32, quad: u32, lane: u32) -> Share {
  var share: Share;
  for (var i = 0u; i < X_LOADS; i++) {
    let at = lane + i * WG_SIZE;
    share.x[i] = x[(group_token + at / SLAB_QUADS) * params.n_blocks * BLOCK_QUADS + quad + at % SLAB_QUADS];
  }
  // neighbouring threads read neighbouring blocks: the 16 rows of a tile, then those of its next block
  for (var i = 0u; i < W_LOADS; i++) {
    let at = lane + i * WG_SIZE;
    let row = group_row + at / 16u / SLAB_PARTS * 16u + at % 16u;
    let part = at / 16u % SLAB_PARTS;
    share.w[i] = load_block(first_block(row) + (quad + part * PART_QUADS) / BLOCK_QUADS * 16u);
  }
  return share;
}

fn store_share(share: Share, quad: u32, lane: u32) {
  for (var i = 0u; i < X_LOADS; i++) {
    let at = lane + i * WG_SIZE;
    let m = at / SLAB_QUADS;
    sh_x[at % SLAB_QUADS * X_STRIDE + m % TOKENS * TOKEN_LANES + m / TOKENS] = share.x[i];
  }
  for (var i = 0u; i < W_LOADS; i++) {
    let at = lane + i * WG_SIZE;
    let first = at / 16u % SLAB_PARTS * PART_QUADS;
    for (var q = 0u; q < PART_QUADS; q++) {
      let place = (first + q) * GROUP_ROWS + at / 16u / SLAB_PARTS * 16u + at % 16u;
      sh_w[place] = block_quad(share.w[i], (quad + first) % BLOCK_QUADS + q);
    }
  }
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // x runs over tokens, so that workgroups in flight together share weights, which are larger than x
  let group_token = group.x * GROUP_TOKENS;
  let group_row = (group.z * n_groups.y + group.y) * GROUP_ROWS;
  let row_lane = lane % ROW_LANES;
  let token_lane = lane / ROW_LANES;

  var total: array<f32, TOKENS * ROWS>;
  var sum: array<f32, TOKENS * ROWS>;
  var quad = 0u;  // of k, where the slab begins
  var share = load_share(group_token, group_row, quad, lane);
  for (var slice = 0u; slice < SLICES; slice++) {
    let n = slice_blocks(slice) * BLOCK_QUADS;
    for (var i = 0u; i < MAX_BLOCKS; i++) {
      if (i * SLAB_QUADS >= n) { break; }
      store_share(share, quad, lane);
      workgroupBarrier();
      quad += SLAB_QUADS;
      share = load_share(group_token, group_row, quad, lane);
      for (var q = 0u; q < SLAB_QUADS; q++) {
        if (i * SLAB_QUADS + q >= n) { break; }  // the last slab may be short
        var w: array<vec4f, ROWS>;
        for (var r = 0u; r < ROWS; r++) { w[r] = sh_w[q * GROUP_ROWS + r * ROW_LANES + row_lane]; }
        for (var m = 0u; m < TOKENS; m++) {
          let v = sh_x[q * X_STRIDE + m * TOKEN_LANES + token_lane];
          for (var r = 0u; r < ROWS; r++) { sum[m * ROWS + r] = add_products(w[r], v, sum[m * ROWS + r]); }
        }
      }
      workgroupBarrier();
    }
    for (var m = 0u; m < TOKENS; m++) {
      for (var r = 0u; r < ROWS; r++) {
        total[m * ROWS + r] += sum[m * ROWS + r];
        sum[m * ROWS + r] = 0f;
      }
    }
  }

  for (var first = 0u; first < GROUP_TOKENS; first += OUT_TOKENS) {
    if (group_token + first >= params.n_tokens) { break; }
    if (token_lane * TOKENS / OUT_TOKENS == first / OUT_TOKENS) {
      for (var m = 0u; m < TOKENS; m++) {
        let at = (token_lane * TOKENS % OUT_TOKENS + m) * GROUP_ROWS + row_lane;
        for (var r = 0u; r < ROWS; r++) { sh_totals[at + r * ROW_LANES] = total[m * ROWS + r]; }
      }
    }
    workgroupBarrier();
    finish(group_token + first, group_row, lane);
    workgroupBarrier();
  }
}
