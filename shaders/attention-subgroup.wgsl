// attention for devices whose subgroups have 8 threads, as Mesa's lavapipe: a workgroup is one subgroup, which shares by
// shuffles instead of memory and so needs no barrier. There each 4 bytes of each thread are loaded with a branch of their
// own, even if all threads load the same, and four times slower in a kernel with a barrier. A thread has 4 of a tile's
// keys to score, and of each 8 words of dims one to sum; a K or V value read once serves SET query vectors. The loops over
// words and keys have bounds that compilers do not unroll: the code of a tile must fit the processor's cache.
// Same order of summation as attention. Heads are a multiple of 32 dims.

enable subgroups;
diagnostic(off, subgroup_uniformity);  // all is uniform but what depends on the lane, which the compiler cannot know

//#import attention-io
//#import attention-blocks
//#import attention-scores
//#import softmax-state

const SET: u32 = 4u;  // query vectors that are computed together

const OCTETS: u32 = DIM4 / 8u;
const HEAD_WORDS: u32 = DIM4 / WORD_QUADS;
const LANE_WORDS: u32 = (HEAD_WORDS + 7u) / 8u;  // of a value, for a thread to sum
const LANE_QUADS: u32 = LANE_WORDS * WORD_QUADS;
const AHEAD: u32 = 2u;                           // values that are read together

alias Queries = array<array<vec4f, OCTETS>, SET>;     // a quad of each octet
alias Sums = array<array<vec4f, LANE_QUADS>, SET>;

fn add_products(k: mat4x4f, x: vec4f, scores: vec4f) -> vec4f {
  return fma(k[3], vec4f(x.w), fma(k[2], vec4f(x.z), fma(k[1], vec4f(x.y), fma(k[0], vec4f(x.x), scores))));
}

/// The scores of keys lane, lane + 8, lane + 16 and lane + 24 of the tile, for each query vector. Those of what lies
/// beyond the last key mean nothing.
fn score_tile(blocks: BlockStarts, queries: Queries, lane: u32) -> array<vec4f, SET> {
  var starts: array<u32, 4>;
  for (var a = 0u; a < 4u; a++) { starts[a] = blocks[a * 8u / BLOCK_LEN] + a * 8u % BLOCK_LEN + lane; }
  var scores: array<vec4f, SET>;
  for (var octet = 0u; octet < params.dim4; octet += 8u) {
    var x: array<vec4f, SET>;
    for (var c = 0u; c < OCTETS; c++) {
      for (var j = 0u; j < SET; j++) { x[j] = select(x[j], queries[j][c], octet == c * 8u); }
    }
    for (var d = octet; d < min(octet + 8u, params.dim4); d += WORD_QUADS) {
      var k: array<array<vec4f, WORD_QUADS>, 4>;
      for (var a = 0u; a < 4u; a++) { k[a] = k_quads(starts[a], d / WORD_QUADS); }
      for (var i = 0u; i < WORD_QUADS; i++) {
        let keys = transpose(mat4x4f(k[0][i], k[1][i], k[2][i], k[3][i]));  // a column holds one dim of each
        for (var j = 0u; j < SET; j++) {
          scores[j] = add_products(keys, subgroupShuffle(x[j], d % 8u + i), scores[j]);
        }
      }
    }
  }
  return scores;
}

/// Adds the tile's values, weighted with the probabilities of the thread's keys.
fn add_values(n_keys: u32, blocks: BlockStarts, probabilities: array<vec4f, SET>, sums: ptr<function, Sums>, lane: u32) {
  var p = probabilities;
  for (var octet = 0u; octet < n_keys; octet += 8u) {
    var start = blocks[0];
    for (var i = 1u; i < TILE / BLOCK_LEN; i++) { start = select(start, blocks[i], octet >= i * BLOCK_LEN); }
    start += octet % BLOCK_LEN * KV_WORDS;
    let last = n_keys - 1u - octet;
    for (var key = octet; key < min(octet + 8u, n_keys); key += AHEAD) {
      let first = key % 8u;
      for (var c = 0u; c < LANE_WORDS; c++) {
        let w = min(c * 8u + lane, HEAD_WORDS - 1u);
        var values: array<array<vec4f, WORD_QUADS>, AHEAD>;
        for (var a = 0u; a < AHEAD; a++) { values[a] = v_quads(start + min(first + a, last) * KV_WORDS, w); }
        for (var j = 0u; j < SET; j++) {
          for (var i = 0u; i < WORD_QUADS; i++) {
            var sum = (*sums)[j][c * WORD_QUADS + i];
            for (var a = 0u; a < AHEAD; a++) { sum = fma(vec4f(subgroupShuffle(p[j].x, first + a)), values[a][i], sum); }
            (*sums)[j][c * WORD_QUADS + i] = sum;
          }
        }
      }
    }
    for (var j = 0u; j < SET; j++) { p[j] = p[j].yzwx; }
  }
}

/// The highest of all threads' scores.
fn highest_of(scores: vec4f) -> f32 {
  var high = max(max(scores.x, scores.y), max(scores.z, scores.w));
  high = max(high, subgroupShuffleXor(high, 1u));
  high = max(high, subgroupShuffleXor(high, 2u));
  return max(high, subgroupShuffleXor(high, 4u));
}

/// The sum of all threads' sums, on each of them.
fn sum_of(part: f32) -> f32 {
  var sum = part + subgroupShuffleXor(part, 1u);
  sum += subgroupShuffleXor(sum, 2u);
  return sum + subgroupShuffleXor(sum, 4u);
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let item_ix = group.y * n_groups.x + group.x;
  if (item_ix >= params.n_items) { return; }
  let item = read_item(item_ix);
  let n_heads = n_groups.z * params.group;
  let first_head = group.z * params.group;
  let n_queries = item.n_rows * params.group;

  var total_o: Sums;
  var o: Sums;
  for (var first = 0u; first < n_queries; first += SET) {
    var queries: Queries;
    var positions: array<u32, SET>;
    var total_highest: array<f32, SET>;
    var total_sum: array<f32, SET>;
    for (var j = 0u; j < SET; j++) {
      let row = read_row(item, first + j);
      let q_start = (row.token * n_heads + first_head + (first + j) % params.group) * DIM4;
      for (var c = 0u; c < OCTETS; c++) { queries[j][c] = q[q_start + c * 8u + lane]; }
      positions[j] = row.position;
      total_highest[j] = EMPTY;
      total_sum[j] = 0.0;
      for (var c = 0u; c < LANE_QUADS; c++) { total_o[j][c] = vec4f(); }
    }
    for (var segment = 0u; segment < item.n_keys; segment += params.segment) {
      let end = min(segment + params.segment, item.n_keys);
      var highest: array<f32, SET>;
      var sum: array<f32, SET>;
      for (var j = 0u; j < SET; j++) {
        highest[j] = EMPTY;
        sum[j] = 0.0;
        for (var c = 0u; c < LANE_QUADS; c++) { o[j][c] = vec4f(); }
      }
      for (var start = segment; start < end; start += TILE) {
        let tile = Tile(item, group.z / params.splits, n_groups.z / params.splits, start, min(TILE, end - start));
        let blocks = block_starts(tile, lane);
        var p = score_tile(blocks, queries, lane);
        let offsets = vec4u(lane) + vec4u(0u, 8u, 16u, 24u);
        let keys = vec4u(item.first_position + start) + offsets;
        let is_key = offsets < vec4u(tile.n_keys);
        var scales_of_values: vec4f;
        if (IS_SCALED) {
          var scales: vec4f;
          for (var a = 0u; a < 4u; a++) {
            let key = min(offsets[a], tile.n_keys - 1u);
            scales[a] = k_scale(tile, key);
            scales_of_values[a] = v_scale(tile, key);
          }
          for (var j = 0u; j < SET; j++) { p[j] *= scales; }
        }
        for (var j = 0u; j < SET; j++) {
          let scores = select(vec4f(EMPTY), visible_scores(p[j], vec4u(positions[j]) - keys), is_key);
          let high = max(highest[j], highest_of(scores));
          let weight = state_weight(vec4f(highest[j]), vec4f(high)).x;
          p[j] = probabilities(scores, vec4f(high));
          sum[j] = fma(sum[j], weight, ((p[j].x + p[j].y) + p[j].z) + p[j].w);
          highest[j] = high;
          if (IS_SCALED) { p[j] *= scales_of_values; }
          for (var c = 0u; c < LANE_QUADS; c++) { o[j][c] *= weight; }
        }
        add_values(tile.n_keys, blocks, p, &o, lane);
      }
      for (var j = 0u; j < SET; j++) {
        let high = max(total_highest[j], highest[j]);
        let weight = state_weight(vec4f(total_highest[j]), vec4f(high));
        let next_weight = state_weight(vec4f(highest[j]), vec4f(high));
        total_sum[j] = join_sums(vec4f(total_sum[j]), weight, vec4f(sum_of(sum[j])), next_weight).x;
        total_highest[j] = high;
        for (var c = 0u; c < LANE_QUADS; c++) { total_o[j][c] = join_sums(total_o[j][c], weight, o[j][c], next_weight); }
      }
    }
    for (var j = 0u; j < SET; j++) {
      if (first + j >= n_queries) { break; }
      let row = read_row(item, first + j);
      let head = first_head + (first + j) % params.group;
      for (var c = 0u; c < LANE_QUADS; c++) {
        let d = (c / WORD_QUADS * 8u + lane) * WORD_QUADS + c % WORD_QUADS;
        if (d >= DIM4) { break; }
        if (row.state == DIRECT) {
          out[(row.token * n_heads + head) * DIM4 + d] = total_o[j][c] * inverse_sum(vec4f(total_sum[j]));
        } else {
          partial_o[(row.state * n_heads + head) * DIM4 + d] = total_o[j][c];
        }
      }
      if (row.state != DIRECT && lane == 0u) {
        partial_stats[row.state * n_heads + head] = vec2f(total_highest[j], total_sum[j]);
      }
    }
  }
}
