// y[m][n] = finish(sum over k of x[m][k] * w[n][k]), for a handful of tokens m on a GPU.
// A workgroup computes 64 rows of w for TOKENS tokens, a thread 4 of the rows in one slice of k, whose weights it alone
// reads, straight to registers. Slabs of x, 16 columns of each slice, lie in workgroup memory; the next slab and the next
// weights are on their way to registers meanwhile. The order of summation is that of matmul-io.

//#import weights-f32
//#import matmul-io
//#import outputs-plain

const TOKENS: u32 = 16u;      // per thread, a multiple of 4
const GROUP_ROWS: u32 = 64u;
const ROW_LANES: u32 = GROUP_ROWS / 4u;
const OUT_TOKENS: u32 = TOKENS / 4u;  // whose sums fit where the slab was
const WG_SIZE: u32 = ROW_LANES * SLICES;

const SLAB_QUADS: u32 = 4u;
const SLICE_STRIDE: u32 = TOKENS * SLAB_QUADS + 1u;    // so that slices that are read at once differ in their bank
const PART_QUADS: u32 = min(BLOCK_QUADS, SLAB_QUADS);  // of a block, that are used at a time
const X_LOADS: u32 = TOKENS * SLICES * SLAB_QUADS / WG_SIZE;

@group(0) @binding(2) var<storage, read> x: array<vec4f>;  // [n_tokens, cols / 4]

var<workgroup> sh_slab: array<vec4f, SLICES * SLICE_STRIDE>;  // [SLICES, TOKENS, SLAB_QUADS], padded; in the end sums
var<workgroup> sh_totals: array<f32, OUT_TOKENS * GROUP_ROWS>;

alias RowBlocks = array<Block, 4>;

fn load_rows(first: u32, quad: u32) -> RowBlocks {
  var blocks: RowBlocks;
  for (var r = 0u; r < 4u; r++) {
    blocks[r] = load_block(first + (r * ROW_LANES / 16u * params.n_blocks + quad / BLOCK_QUADS) * 16u);
  }
  return blocks;
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let first_token = group.x * TOKENS;
  let group_row = (group.z * n_groups.y + group.y) * GROUP_ROWS;
  let slice = lane / ROW_LANES;
  let n = slice_blocks(slice) * BLOCK_QUADS;
  let n_max = (params.n_blocks * BLOCK_QUADS + 63u) / 64u * 8u;  // slices differ by 8 quads at most
  let block_ix = first_block(group_row + lane % ROW_LANES) + slice_start(slice) * 16u;

  var sum: array<f32, TOKENS * 4u>;
  var x_ix: array<u32, X_LOADS>;
  var share: array<vec4f, X_LOADS>;
  for (var i = 0u; i < X_LOADS; i++) {
    let at = lane + i * WG_SIZE;
    let start = slice_start(at / SLAB_QUADS / TOKENS) * BLOCK_QUADS;
    x_ix[i] = (first_token + at / SLAB_QUADS % TOKENS) * params.n_blocks * BLOCK_QUADS + start + at % SLAB_QUADS;
    share[i] = x[x_ix[i]];
  }
  var blocks = load_rows(block_ix, 0u);
  for (var i = 0u; i < MAX_BLOCKS; i++) {
    let quad = i * SLAB_QUADS;
    if (quad >= n_max) { break; }
    for (var j = 0u; j < X_LOADS; j++) {
      let at = lane + j * WG_SIZE;
      sh_slab[at / (TOKENS * SLAB_QUADS) * SLICE_STRIDE + at % (TOKENS * SLAB_QUADS)] = share[j];
      share[j] = x[x_ix[j] + quad + SLAB_QUADS];
    }
    workgroupBarrier();
    for (var p = 0u; p < SLAB_QUADS / PART_QUADS; p++) {
      let part = p * PART_QUADS;
      if (quad + part >= n) { break; }
      let now = blocks;
      blocks = load_rows(block_ix, quad + part + PART_QUADS);
      for (var q = 0u; q < PART_QUADS; q++) {
        var w: array<vec4f, 4>;
        for (var r = 0u; r < 4u; r++) { w[r] = block_quad(now[r], (quad + part) % BLOCK_QUADS + q); }
        for (var m = 0u; m < TOKENS; m++) {
          let v = sh_slab[slice * SLICE_STRIDE + m * SLAB_QUADS + part + q];
          for (var r = 0u; r < 4u; r++) { sum[m * 4u + r] = add_products(w[r], v, sum[m * 4u + r]); }
        }
      }
    }
    workgroupBarrier();
  }

  for (var first = 0u; first < TOKENS; first += OUT_TOKENS) {
    if (first_token + first >= params.n_tokens) { break; }
    // constant indices, although this loop stays one: else the sums would not be in registers
    for (var m = 0u; m < TOKENS; m++) {
      if (m / OUT_TOKENS != first / OUT_TOKENS) { continue; }
      sh_slab[m % OUT_TOKENS * WG_SIZE + lane] = vec4f(sum[m * 4u], sum[m * 4u + 1u], sum[m * 4u + 2u], sum[m * 4u + 3u]);
    }
    workgroupBarrier();
    for (var i = lane; i < OUT_TOKENS * ROW_LANES; i += WG_SIZE) {
      let at = i / ROW_LANES * WG_SIZE + i % ROW_LANES;
      var total = vec4f();
      for (var s = 0u; s < SLICES; s++) { total += sh_slab[at + s * ROW_LANES]; }
      for (var r = 0u; r < 4u; r++) { sh_totals[i / ROW_LANES * GROUP_ROWS + r * ROW_LANES + i % ROW_LANES] = total[r]; }
    }
    workgroupBarrier();
    finish(first_token + first, group_row, lane);
    workgroupBarrier();
  }
}
