// out[row] = softmax(q[row] K^T) V over the keys of one work item, base 2, causal by position. A decode, a chunk of a
// prompt, a split of a long context and a prefix shared by many sequences are all items; one workgroup per
// (item, kv head). The query heads of a kv head are query vectors like any other: K and V are read once for all.
//
// Online softmax (FlashAttention-2, arXiv:2307.08691) in tiles of TILE keys. Each value is computed in one order, by
// fma chains over dims and keys that no constant but HEAD_DIM changes: the bits of a row depend on its q, its keys and
// where the item starts, never on QUERIES or on the other rows.

const QUERIES: u32 = 16u;   // capacity in query vectors (rows x query heads per kv head), a power of 2, 4 at least
const HEAD_DIM: u32 = 64u;  // a multiple of 8

const BLOCK_LEN: u32 = 16u;
const TILE: u32 = 32u;      // keys per turn of the loop
const DIM4: u32 = HEAD_DIM / 4u;
const WG_SIZE: u32 = min(64u, QUERIES * 8u);
// Scores: a thread has KEYS keys x one quad of query vectors.
const QUADS: u32 = QUERIES / 4u;
const KEY_LANES: u32 = WG_SIZE / QUADS;
const KEYS: u32 = TILE / KEY_LANES;
// Output: a thread has MY_COLUMNS columns (of 4 dims) x MY_PAIRS pairs of query vectors.
const PAIRS: u32 = QUERIES / 2u;
const COLUMN_LANES: u32 = min(DIM4, WG_SIZE);
const MY_COLUMNS: u32 = (DIM4 + COLUMN_LANES - 1u) / COLUMN_LANES;
const PAIR_LANES: u32 = min(PAIRS, WG_SIZE / COLUMN_LANES);
const AHEAD: u32 = 4u;      // values read together, to wait for memory once; divides BLOCK_LEN
const MY_PAIRS: u32 = (PAIRS + PAIR_LANES - 1u) / PAIR_LANES;

const DIRECT: u32 = 0xffffffffu;
const EMPTY: f32 = -1e30;      // the maximum of no scores; WGSL may assume that there are no infinities
const MAX_SCORE: f32 = 1e29;

struct Params {
  n_items: u32,
  items: u32,    // where the lists start, in words of the arena
  rows: u32,
  blocks: u32,
  group: u32,    // query heads per kv head
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
  slot: u32,      // of the partial result, or DIRECT
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;                 // Item[], Row[], block ids
@group(0) @binding(2) var<storage, read> q: array<vec4f>;                   // [n_tokens, n_heads, DIM4], scaled
@group(0) @binding(3) var<storage, read> k_cache: array<vec4f>;             // [n_blocks, n_kv_heads, DIM4, BLOCK_LEN]
@group(0) @binding(4) var<storage, read> v_cache: array<vec4f>;             // [n_blocks, n_kv_heads, BLOCK_LEN, DIM4]
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;           // [n_tokens, n_heads, DIM4]
@group(0) @binding(6) var<storage, read_write> partial_o: array<vec4f>;     // [n_slots, n_heads, DIM4], normalised
@group(0) @binding(7) var<storage, read_write> partial_lse: array<f32>;     // [n_slots, n_heads], log2 of sum of 2^score

var<workgroup> sh_q: array<vec4f, HEAD_DIM * QUADS>;   // [HEAD_DIM][QUADS], of 4 query vectors each
var<workgroup> sh_max: array<vec4f, WG_SIZE>;          // [QUADS][KEY_LANES]
var<workgroup> sh_p: array<vec2f, TILE * PAIRS>;       // [TILE][PAIRS], of 2 query vectors each
var<workgroup> sh_scale: array<vec2f, PAIRS>;

fn read_item(index: u32) -> Item {
  let at = params.items + index * 5u;
  return Item(arena[at], arena[at + 1u], arena[at + 2u], arena[at + 3u], arena[at + 4u]);
}

fn read_row(item: Item, query: u32) -> Row {
  // a vector beyond the item's last computes along with the last row and is not written
  let at = params.rows + (item.first_row + min(query / params.group, item.n_rows - 1u)) * 3u;
  return Row(arena[at], arena[at + 1u], arena[at + 2u]);
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

  for (var i = lane; i < QUADS * DIM4; i += WG_SIZE) {
    var vectors: mat4x4f;
    for (var j = 0u; j < 4u; j++) {
      let query = i / DIM4 * 4u + j;
      let token = read_row(item, query).token;
      vectors[j] = q[(token * n_heads + first_head + query % params.group) * DIM4 + i % DIM4];
    }
    let dims = transpose(vectors);
    for (var j = 0u; j < 4u; j++) { sh_q[(i % DIM4 * 4u + j) * QUADS + i / DIM4] = dims[j]; }
  }
  workgroupBarrier();

  let quad = lane / KEY_LANES;
  let key_lane = lane % KEY_LANES;
  var positions: vec4u;
  for (var j = 0u; j < 4u; j++) { positions[j] = read_row(item, quad * 4u + j).position; }
  let pair_lane = lane / COLUMN_LANES;
  let column_lane = lane % COLUMN_LANES;
  var highest = vec4f(EMPTY);                     // running maximum of this thread's quad
  var sums: array<vec2f, MY_PAIRS>;               // sum of p, with o scaled by the maximum so far
  var o: array<vec4f, MY_PAIRS * MY_COLUMNS * 2u>;

  for (var tile = 0u; tile < item.n_keys; tile += TILE) {
    // keys and values past the end read the last one's: a finite number that then counts nothing
    let last = item.n_keys - 1u;
    var key_starts: array<u32, KEYS>;
    var scores = array<vec4f, KEYS>();  // without the initialiser Tint zeroes it in the first turn only
    for (var i = 0u; i < KEYS; i++) {
      let key = min(tile + key_lane + i * KEY_LANES, last);
      let block = arena[params.blocks + item.first_block + key / BLOCK_LEN];
      key_starts[i] = (block * n_groups.z + group.z) * DIM4 * BLOCK_LEN + key % BLOCK_LEN;
    }
    for (var d = 0u; d < DIM4; d++) {
      let at = d * 4u * QUADS + quad;
      let q0 = sh_q[at];
      let q1 = sh_q[at + QUADS];
      let q2 = sh_q[at + 2u * QUADS];
      let q3 = sh_q[at + 3u * QUADS];
      for (var i = 0u; i < KEYS; i++) {
        let k = k_cache[key_starts[i] + d * BLOCK_LEN];
        let sum = fma(vec4f(k.y), q1, fma(vec4f(k.x), q0, scores[i]));
        scores[i] = fma(vec4f(k.w), q3, fma(vec4f(k.z), q2, sum));
      }
    }
    var high = highest;
    for (var i = 0u; i < KEYS; i++) {
      let key = tile + key_lane + i * KEY_LANES;
      let visible = (vec4u(item.first_position + key) <= positions) & vec4<bool>(key <= last);
      scores[i] = select(vec4f(EMPTY), clamp(scores[i], vec4f(-MAX_SCORE), vec4f(MAX_SCORE)), visible);
      high = max(high, scores[i]);
    }
    sh_max[lane] = high;
    workgroupBarrier();  // maxima are there; sh_p and sh_scale of the last turn are read

    for (var i = 0u; i < KEY_LANES; i++) { high = max(high, sh_max[quad * KEY_LANES + i]); }
    for (var i = 0u; i < KEYS; i++) {
      let p = select(exp2(scores[i] - high), vec4f(0), scores[i] == vec4f(EMPTY));
      let at = (key_lane + i * KEY_LANES) * PAIRS + quad * 2u;
      sh_p[at] = p.xy;
      sh_p[at + 1u] = p.zw;
    }
    if (key_lane == 0u) {
      // exp2(0) need not be 1, but a tile that a row does not see must change nothing
      let scale = select(exp2(highest - high), vec4f(1), highest == high);
      sh_scale[quad * 2u] = scale.xy;
      sh_scale[quad * 2u + 1u] = scale.zw;
    }
    highest = high;
    workgroupBarrier();  // sh_p and sh_scale are there; sh_max is read

    for (var i = 0u; i < MY_PAIRS; i++) {
      let scale = sh_scale[min(pair_lane + i * PAIR_LANES, PAIRS - 1u)];
      sums[i] *= scale;
      for (var c = 0u; c < MY_COLUMNS; c++) {
        o[(i * MY_COLUMNS + c) * 2u] *= scale.x;
        o[(i * MY_COLUMNS + c) * 2u + 1u] *= scale.y;
      }
    }
    for (var j = 0u; j < min(TILE, item.n_keys - tile); j += AHEAD) {
      let block = arena[params.blocks + item.first_block + (tile + j) / BLOCK_LEN];
      let block_start = (block * n_groups.z + group.z) * BLOCK_LEN * DIM4 + column_lane;
      var values: array<vec4f, AHEAD * MY_COLUMNS>;
      for (var u = 0u; u < AHEAD; u++) {
        let at = block_start + min(tile + j + u, last) % BLOCK_LEN * DIM4;
        for (var c = 0u; c < MY_COLUMNS; c++) { values[u * MY_COLUMNS + c] = v_cache[at + c * COLUMN_LANES]; }
      }
      for (var u = 0u; u < AHEAD; u++) {
        for (var i = 0u; i < MY_PAIRS; i++) {
          let p = sh_p[(j + u) * PAIRS + min(pair_lane + i * PAIR_LANES, PAIRS - 1u)];
          sums[i] += p;
          for (var c = 0u; c < MY_COLUMNS; c++) {
            let at = (i * MY_COLUMNS + c) * 2u;
            o[at] = fma(vec4f(p.x), values[u * MY_COLUMNS + c], o[at]);
            o[at + 1u] = fma(vec4f(p.y), values[u * MY_COLUMNS + c], o[at + 1u]);
          }
        }
      }
    }
  }

  workgroupBarrier();
  if (key_lane == 0u) {
    sh_scale[quad * 2u] = highest.xy;
    sh_scale[quad * 2u + 1u] = highest.zw;
  }
  workgroupBarrier();
  if (pair_lane >= PAIR_LANES) { return; }
  for (var i = 0u; i < MY_PAIRS * 2u; i++) {
    let query = (pair_lane + i / 2u * PAIR_LANES) * 2u + i % 2u;
    if (query >= item.n_rows * params.group) { continue; }
    let row = read_row(item, query);
    let sum = sums[i / 2u][i % 2u];
    let head = select(row.slot, row.token, row.slot == DIRECT) * n_heads + first_head + query % params.group;
    for (var c = 0u; c < MY_COLUMNS; c++) {
      let column = column_lane + c * COLUMN_LANES;
      if (column >= DIM4) { break; }
      let value = select(vec4f(0), o[(i / 2u * MY_COLUMNS + c) * 2u + i % 2u] * (1f / sum), sum > 0f);
      if (row.slot == DIRECT) { out[head * DIM4 + column] = value; } else { partial_o[head * DIM4 + column] = value; }
    }
    if (row.slot != DIRECT && column_lane == 0u) {
      partial_lse[head] = select(EMPTY, sh_scale[query / 2u][query % 2u] + log2(sum), sum > 0f);
    }
  }
}
