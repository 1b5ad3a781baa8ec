// out[row] = softmax(q[row] K^T) V over the keys of one work item, base 2, causal by position. A decode, a chunk of a
// prompt, a part of a long context and a prefix shared by many sequences are all items; one workgroup per
// (item, kv head). The query heads of a kv head are query vectors like any other: K and V are read once for all.
//
// Each segment of keys gets a softmax state of its own by online softmax (FlashAttention-2, arXiv:2307.08691) in tiles
// of TILE keys; states are joined from left to right. A row with several items is joined from their states by
// merge-attention in the same way. So the bits of a row depend on its q, its keys and the length of a segment, never on
// how its keys were cut, on QUERIES, or on the other rows: all sums are fma chains over dims and keys in one order.
//
// Query vectors go in quads, so that a K or V value read once serves four. Loops have bounds from parameters and lists:
// with constant ones compilers unroll them all and take a minute.

//#import attention-io
//#import softmax-state

const QUERIES: u32 = 32u;  // capacity in query vectors (rows x query heads per kv head), a multiple of 4
const WG_SIZE: u32 = 64u;  // a multiple of QUADS, at least DIM4

const TILE: u32 = 32u;     // keys per turn of the loop
const QUADS: u32 = QUERIES / 4u;
const KEY_STRIDE: u32 = WG_SIZE / QUADS;
const KEYS: u32 = (TILE + KEY_STRIDE - 1u) / KEY_STRIDE;      // a thread scores KEYS keys for one quad: a q serves all
const QUAD_STRIDE: u32 = WG_SIZE / DIM4;
const UNITS: u32 = (QUADS + QUAD_STRIDE - 1u) / QUAD_STRIDE;  // and sums 4 dims for UNITS quads: a value serves all
const AHEAD: u32 = 4u;     // values read together, to wait for memory once; divides BLOCK_LEN

const MAX_SCORE: f32 = 1e29;

var<workgroup> sh_q: array<vec4f, HEAD_DIM * QUADS>;  // [HEAD_DIM][QUADS]; at the end the outputs, [QUERIES][DIM4]
var<workgroup> sh_p: array<vec4f, TILE * QUADS>;      // [TILE][QUADS]: scores, then probabilities
var<workgroup> sh_weight: array<vec4f, QUADS>;        // of the sums so far
var<workgroup> sh_next_weight: array<vec4f, QUADS>;   // of the segment's sums
var<workgroup> sh_highest: array<vec4f, QUADS>;       // at the end
var<workgroup> sh_sum: array<vec4f, QUADS>;

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

  let my_quad = lane % QUADS;
  let my_key = lane / QUADS;
  var q_start: vec4u;
  var positions: vec4u;
  for (var j = 0u; j < 4u; j++) {
    let row = read_row(item, my_quad * 4u + j);
    q_start[j] = (row.token * n_heads + first_head + (my_quad * 4u + j) % params.group) * HEAD_DIM;
    positions[j] = row.position;
  }
  for (var d = my_key; d < params.dim4 * 4u; d += KEY_STRIDE) {
    sh_q[d * QUADS + my_quad] = vec4f(q[q_start.x + d], q[q_start.y + d], q[q_start.z + d], q[q_start.w + d]);
  }
  workgroupBarrier();

  let column = lane % DIM4;
  let first_quad = select(QUADS, lane / DIM4, lane < QUAD_STRIDE * DIM4);  // some threads may have none
  var total_o: array<mat4x4f, UNITS>;  // a column per query vector of the unit's quad
  var total_highest = vec4f(EMPTY);    // of quad `lane`, if there is one
  var total_sum = vec4f();
  var o: array<mat4x4f, UNITS>;
  for (var segment = 0u; segment < item.n_keys; segment += params.segment) {
    let end = min(segment + params.segment, item.n_keys);
    var highest = vec4f(EMPTY);
    var sum = vec4f();
    for (var u = 0u; u < UNITS; u++) { o[u] = mat4x4f(); }

    for (var tile = segment; tile < end; tile += TILE) {
      let n_keys = min(TILE, end - tile);

      if (my_quad < n_quads && my_key < n_keys) {
        var scores: array<vec4f, KEYS>;
        var k_starts: array<u32, KEYS>;
        for (var i = 0u; i < KEYS; i++) {
          let key = tile + min(my_key + i * KEY_STRIDE, n_keys - 1u);
          k_starts[i] = block_start(item, key, group.z, n_groups.z) + key % BLOCK_LEN;
          scores[i] = vec4f();
        }
        for (var d = 0u; d < params.dim4; d++) {
          let at = d * 4u * QUADS + my_quad;
          let x = sh_q[at];
          let y = sh_q[at + QUADS];
          let z = sh_q[at + 2u * QUADS];
          let w = sh_q[at + 3u * QUADS];
          for (var i = 0u; i < KEYS; i++) {
            let k = k_cache[k_starts[i] + d * BLOCK_LEN];
            scores[i] = fma(vec4f(k.w), w, fma(vec4f(k.z), z, fma(vec4f(k.y), y, fma(vec4f(k.x), x, scores[i]))));
          }
        }
        for (var i = 0u; i < KEYS; i++) {
          let key = my_key + i * KEY_STRIDE;
          if (key >= n_keys) { break; }
          let score = clamp(scores[i], vec4f(-MAX_SCORE), vec4f(MAX_SCORE));
          let is_visible = vec4u(item.first_position + tile + key) <= positions;
          sh_p[key * QUADS + my_quad] = select(vec4f(EMPTY), score, is_visible);
        }
      }
      workgroupBarrier();  // scores are there

      if (lane < n_quads) {
        var high = highest;
        for (var key = 0u; key < n_keys; key++) { high = max(high, sh_p[key * QUADS + lane]); }
        var tile_sum = vec4f();
        for (var key = 0u; key < n_keys; key++) {
          let score = sh_p[key * QUADS + lane];
          let p = select(exp2(score - high), vec4f(), score == vec4f(EMPTY));
          sh_p[key * QUADS + lane] = p;
          tile_sum += p;
        }
        sh_weight[lane] = state_weight(highest, high);
        sum = fma(sum, sh_weight[lane], tile_sum);
        highest = high;
      }
      workgroupBarrier();  // probabilities and weights are there

      for (var u = 0u; u < UNITS; u++) {
        let weight = sh_weight[min(first_quad + u * QUAD_STRIDE, QUADS - 1u)];
        o[u] = mat4x4f(o[u][0] * weight.x, o[u][1] * weight.y, o[u][2] * weight.z, o[u][3] * weight.w);
      }
      if (first_quad < n_quads) {
        for (var key = 0u; key < n_keys; key += AHEAD) {
          let start = block_start(item, tile + key, group.z, n_groups.z) + column;
          var values: array<vec4f, AHEAD>;
          for (var a = 0u; a < AHEAD; a++) {
            values[a] = v_cache[start + (tile + min(key + a, n_keys - 1u)) % BLOCK_LEN * DIM4];
          }
          for (var u = 0u; u < UNITS; u++) {
            let quad = first_quad + u * QUAD_STRIDE;
            if (quad >= n_quads) { break; }
            for (var a = 0u; a < AHEAD; a++) {
              if (key + a >= n_keys) { break; }
              let p = sh_p[(key + a) * QUADS + quad];
              o[u][0] = fma(vec4f(p.x), values[a], o[u][0]);
              o[u][1] = fma(vec4f(p.y), values[a], o[u][1]);
              o[u][2] = fma(vec4f(p.z), values[a], o[u][2]);
              o[u][3] = fma(vec4f(p.w), values[a], o[u][3]);
            }
          }
        }
      }
      workgroupBarrier();  // probabilities are read
    }

    if (lane < n_quads) {
      let high = max(total_highest, highest);
      sh_weight[lane] = state_weight(total_highest, high);
      sh_next_weight[lane] = state_weight(highest, high);
      total_sum = join_sums(total_sum, sh_weight[lane], sum, sh_next_weight[lane]);
      total_highest = high;
    }
    workgroupBarrier();  // weights of the segment are there
    for (var u = 0u; u < UNITS; u++) {
      let quad = first_quad + u * QUAD_STRIDE;
      if (quad >= n_quads) { break; }
      for (var j = 0u; j < 4u; j++) {
        total_o[u][j] = join_sums(total_o[u][j], vec4f(sh_weight[quad][j]), o[u][j], vec4f(sh_next_weight[quad][j]));
      }
    }
  }

  for (var u = 0u; u < UNITS; u++) {
    let quad = first_quad + u * QUAD_STRIDE;
    if (quad >= n_quads) { break; }
    for (var j = 0u; j < 4u; j++) { sh_q[(quad * 4u + j) * DIM4 + column] = total_o[u][j]; }
  }
  if (lane < n_quads) {
    sh_highest[lane] = total_highest;
    sh_sum[lane] = total_sum;
  }
  workgroupBarrier();

  for (var i = lane; i < n_queries * params.dim4; i += WG_SIZE) {
    let query = i / DIM4;
    let row = read_row(item, query);
    let head = first_head + query % params.group;
    let stats = vec2f(sh_highest[query / 4u][query % 4u], sh_sum[query / 4u][query % 4u]);
    if (row.slot == DIRECT) {
      out[(row.token * n_heads + head) * DIM4 + i % DIM4] = sh_q[i] * inverse_sum(vec4f(stats.y));
    } else {
      partial_o[(row.slot * n_heads + head) * DIM4 + i % DIM4] = sh_q[i];
      if (i % DIM4 == 0u) { partial_stats[row.slot * n_heads + head] = stats; }
    }
  }
}
