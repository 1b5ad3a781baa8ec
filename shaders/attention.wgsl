// out[row] = softmax(q[row] K^T) V over the keys of one work item, base 2, causal by position. A decode, a chunk of a
// prompt, a split of a long context and a prefix shared by many sequences are all items; one workgroup per
// (item, kv head). The query heads of a kv head are query vectors like any other: K and V are read once for all.
//
// Online softmax (FlashAttention-2, arXiv:2307.08691) in tiles of TILE keys. Each value is computed in one order, by
// fma chains over dims and keys that no constant but HEAD_DIM changes: the bits of a row depend on its q, its keys and
// where the item starts, never on QUERIES or on the other rows.
//
// Query vectors go in quads, so that a K or V value read once serves four. Loops have bounds from parameters and lists:
// with constant ones compilers unroll them all and take a minute.

const QUERIES: u32 = 32u;   // capacity in query vectors (rows x query heads per kv head), a multiple of 4
const HEAD_DIM: u32 = 64u;  // a multiple of 8

const WG_SIZE: u32 = 64u;
const BLOCK_LEN: u32 = 16u;
const TILE: u32 = 32u;      // keys per turn of the loop
const DIM4: u32 = HEAD_DIM / 4u;
const AHEAD: u32 = 4u;      // values of V read together, to wait for memory once; divides BLOCK_LEN
const QUADS: u32 = QUERIES / 4u;
const UNITS: u32 = (QUADS * DIM4 + WG_SIZE - 1u) / WG_SIZE;  // outputs of a thread: a quad x 4 dims each

const DIRECT: u32 = 0xffffffffu;
const EMPTY: f32 = -1e30;   // the maximum of no scores; WGSL may assume that there are no infinities
const MAX_SCORE: f32 = 1e29;

struct Params {
  n_items: u32,
  items: u32,    // where the lists start, in words of the arena
  rows: u32,
  blocks: u32,
  group: u32,    // query heads per kv head
  dim4: u32,     // DIM4 again, as a bound that no compiler unrolls
}

struct Item {
  first_row: u32,
  n_rows: u32,
  first_block: u32,
  n_keys: u32,
  first_position: u32,
}

struct Row {
  token: u32,
  position: u32,
  slot: u32,     // of the partial result, or DIRECT
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;              // Item[], Row[], block ids
@group(0) @binding(2) var<storage, read> q: array<f32>;                  // [n_tokens, n_heads, HEAD_DIM], scaled
@group(0) @binding(3) var<storage, read> k_cache: array<vec4f>;          // [n_blocks, n_kv_heads, DIM4, BLOCK_LEN]
@group(0) @binding(4) var<storage, read> v_cache: array<vec4f>;          // [n_blocks, n_kv_heads, BLOCK_LEN, DIM4]
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;        // [n_tokens, n_heads, DIM4]
@group(0) @binding(6) var<storage, read_write> partial_o: array<vec4f>;  // [n_slots, n_heads, DIM4], normalised
@group(0) @binding(7) var<storage, read_write> partial_lse: array<f32>;  // [n_slots, n_heads], log2 of sum of 2^score

var<workgroup> sh_q: array<vec4f, HEAD_DIM * QUADS>;  // [HEAD_DIM][QUADS]; at the end the outputs, [QUERIES][DIM4]
var<workgroup> sh_p: array<vec4f, TILE * QUADS>;      // [TILE][QUADS]: scores, then probabilities
var<workgroup> sh_scale: array<vec4f, QUADS>;         // what a turn scales the sums so far by; at the end 1 / sum
var<workgroup> sh_lse: array<vec4f, QUADS>;

fn read_item(index: u32) -> Item {
  let at = params.items + index * 5u;
  return Item(arena[at], arena[at + 1u], arena[at + 2u], arena[at + 3u], arena[at + 4u]);
}

/// A vector beyond the item's last computes along with the last row and is not written.
fn read_row(item: Item, query: u32) -> Row {
  let at = params.rows + (item.first_row + min(query / params.group, item.n_rows - 1u)) * 3u;
  return Row(arena[at], arena[at + 1u], arena[at + 2u]);
}

/// Where a key's block starts in the caches, in vec4f.
fn block_start(item: Item, key: u32, kv_head: u32, n_kv_heads: u32) -> u32 {
  return (arena[params.blocks + item.first_block + key / BLOCK_LEN] * n_kv_heads + kv_head) * DIM4 * BLOCK_LEN;
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item_ix = group.y * n_groups.x + group.x;
  if (item_ix >= params.n_items) { return; }
  let item = read_item(item_ix);
  let n_heads = n_groups.z * params.group;
  let first_head = group.z * params.group;
  let n_queries = item.n_rows * params.group;
  let n_quads = (n_queries + 3u) / 4u;

  // a thread's quad is the same in every turn, as WG_SIZE is a multiple of QUADS
  let my_quad = lane % QUADS;
  var q_start: vec4u;
  var positions: vec4u;
  for (var j = 0u; j < 4u; j++) {
    let row = read_row(item, my_quad * 4u + j);
    q_start[j] = (row.token * n_heads + first_head + (my_quad * 4u + j) % params.group) * HEAD_DIM;
    positions[j] = row.position;
  }
  for (var d = lane / QUADS; d < params.dim4 * 4u; d += WG_SIZE / QUADS) {
    sh_q[d * QUADS + my_quad] = vec4f(q[q_start.x + d], q[q_start.y + d], q[q_start.z + d], q[q_start.w + d]);
  }
  workgroupBarrier();

  var highest = vec4f(EMPTY);       // of quad `lane`, if there is one: running maximum and sum of 2^(score - maximum)
  var sum = vec4f();
  var o: array<mat4x4f, UNITS>;     // a column per query vector of the unit's quad
  for (var tile = 0u; tile < item.n_keys; tile += TILE) {
    let n_keys = min(TILE, item.n_keys - tile);

    if (my_quad < n_quads) {
      for (var key = lane / QUADS; key < n_keys; key += WG_SIZE / QUADS) {
        let k_start = block_start(item, tile + key, group.z, n_groups.z) + (tile + key) % BLOCK_LEN;
        var score = vec4f();
        for (var d = 0u; d < params.dim4; d++) {
          let k = k_cache[k_start + d * BLOCK_LEN];
          let at = d * 4u * QUADS + my_quad;
          score = fma(vec4f(k.x), sh_q[at], score);
          score = fma(vec4f(k.y), sh_q[at + QUADS], score);
          score = fma(vec4f(k.z), sh_q[at + 2u * QUADS], score);
          score = fma(vec4f(k.w), sh_q[at + 3u * QUADS], score);
        }
        let visible = vec4u(item.first_position + tile + key) <= positions;
        sh_p[key * QUADS + my_quad] = select(vec4f(EMPTY), clamp(score, vec4f(-MAX_SCORE), vec4f(MAX_SCORE)), visible);
      }
    }
    workgroupBarrier();  // scores are there

    if (lane < n_quads) {
      var high = highest;
      for (var key = 0u; key < n_keys; key++) { high = max(high, sh_p[key * QUADS + lane]); }
      let scale = select(exp2(highest - high), vec4f(1), highest == high);  // exactly 1 where a row sees nothing
      sum *= scale;
      for (var key = 0u; key < n_keys; key++) {
        let score = sh_p[key * QUADS + lane];
        let p = select(exp2(score - high), vec4f(), score == vec4f(EMPTY));
        sh_p[key * QUADS + lane] = p;
        sum += p;
      }
      sh_scale[lane] = scale;
      highest = high;
    }
    workgroupBarrier();  // probabilities and scales are there

    for (var u = 0u; u < UNITS; u++) {
      let quad = (lane + u * WG_SIZE) / DIM4;
      let column = (lane + u * WG_SIZE) % DIM4;
      if (quad >= n_quads) { break; }
      let scale = sh_scale[quad];
      var sums = mat4x4f(o[u][0] * scale.x, o[u][1] * scale.y, o[u][2] * scale.z, o[u][3] * scale.w);
      for (var key = 0u; key < n_keys; key += AHEAD) {
        let start = block_start(item, tile + key, group.z, n_groups.z) + column;
        var values: array<vec4f, AHEAD>;
        for (var a = 0u; a < AHEAD; a++) {
          values[a] = v_cache[start + (tile + min(key + a, n_keys - 1u)) % BLOCK_LEN * DIM4];
        }
        for (var a = 0u; a < AHEAD; a++) {
          if (key + a >= n_keys) { break; }
          let p = sh_p[(key + a) * QUADS + quad];
          sums[0] = fma(vec4f(p.x), values[a], sums[0]);
          sums[1] = fma(vec4f(p.y), values[a], sums[1]);
          sums[2] = fma(vec4f(p.z), values[a], sums[2]);
          sums[3] = fma(vec4f(p.w), values[a], sums[3]);
        }
      }
      o[u] = sums;
    }
    workgroupBarrier();  // probabilities are read
  }

  for (var u = 0u; u < UNITS; u++) {
    let quad = (lane + u * WG_SIZE) / DIM4;
    let column = (lane + u * WG_SIZE) % DIM4;
    if (quad >= n_quads) { break; }
    for (var j = 0u; j < 4u; j++) { sh_q[(quad * 4u + j) * DIM4 + column] = o[u][j]; }
  }
  if (lane < n_quads) {
    let is_empty = sum <= vec4f();
    sh_scale[lane] = select(vec4f(1) / sum, vec4f(), is_empty);
    sh_lse[lane] = select(highest + log2(sum), vec4f(EMPTY), is_empty);
  }
  workgroupBarrier();

  for (var i = lane; i < n_queries * params.dim4; i += WG_SIZE) {
    let query = i / DIM4;
    let row = read_row(item, query);
    let head = first_head + query % params.group;
    let value = sh_q[i] * sh_scale[query / 4u][query % 4u];
    if (row.slot == DIRECT) {
      out[(row.token * n_heads + head) * DIM4 + i % DIM4] = value;
    } else {
      partial_o[(row.slot * n_heads + head) * DIM4 + i % DIM4] = value;
      if (i % DIM4 == 0u) { partial_lse[row.slot * n_heads + head] = sh_lse[query / 4u][query % 4u]; }
    }
  }
}
