// attention for devices whose subgroups have 8 threads, as Mesa's lavapipe: a workgroup is one subgroup, which shares by
// broadcasts instead of memory and so needs no barrier. There a load costs as much as a dozen sums, whatever its width and
// even if all threads load the same, and four times that in a kernel with a barrier. A thread has 4 of a tile's keys to
// score, and a quad of dims in each octet of quads to sum; a K or V value read once serves SET query vectors.
// Same order of summation as attention. Heads are a multiple of 32 dims.

enable subgroups;
diagnostic(off, subgroup_uniformity);  // all is uniform but what depends on the lane, which the compiler cannot know

//#import attention-io
//#import attention-scores
//#import softmax-state

const SET: u32 = 4u;  // query vectors that are computed together

const OCTETS: u32 = DIM4 / 8u;

/// Quads of the 4 keys that start at `starts`, dims turned outward: a column holds one dim of each.
fn load_keys(starts: vec4u, d: u32) -> mat4x4f {
  return transpose(mat4x4f(k_quad(starts.x, d), k_quad(starts.y, d), k_quad(starts.z, d), k_quad(starts.w, d)));
}

fn add_products(k: mat4x4f, x: vec4f, scores: vec4f) -> vec4f {
  return fma(k[3], vec4f(x.w), fma(k[2], vec4f(x.z), fma(k[1], vec4f(x.y), fma(k[0], vec4f(x.x), scores))));
}

/// The scores of keys lane, lane + 8, lane + 16 and lane + 24 of the tile, for each query vector.
fn score_tile(tile: Tile, q_starts: array<u32, SET>, lane: u32) -> array<vec4f, SET> {
  var starts: vec4u;
  for (var a = 0u; a < 4u; a++) { starts[a] = k_start(tile, min(a * 8u + lane, tile.n_keys - 1u)); }
  var scores: array<vec4f, SET>;
  var x: array<vec4f, SET>;
  for (var octet = 0u; octet < params.dim4; octet += 8u) {
    for (var j = 0u; j < SET; j++) { x[j] = q[q_starts[j] + octet + lane]; }
    for (var d = octet; d < min(octet + 8u, params.dim4); d++) {
      let k = load_keys(starts, d);
      for (var j = 0u; j < SET; j++) {
        scores[j] = add_products(k, subgroupBroadcast(x[j], 0u), scores[j]);
        x[j] = subgroupShuffle(x[j], (lane + 1u) % 8u);
      }
    }
  }
  return scores;
}

alias Sums = array<array<vec4f, OCTETS>, SET>;

/// Adds the tile's values, weighted with the probabilities of the thread's keys.
fn add_values(tile: Tile, probabilities: array<vec4f, SET>, sums: ptr<function, Sums>, lane: u32) {
  var p = probabilities;
  for (var octet = 0u; octet < tile.n_keys; octet += 8u) {
    let start = v_start(tile, octet);
    let last = tile.n_keys - 1u - octet;
    for (var key = 0u; key <= min(last, 7u); key += 2u) {
      for (var c = 0u; c < OCTETS; c++) {
        let v = v_quad(start + key * KV_WORDS, c * 8u + lane);
        let w = v_quad(start + min(key + 1u, last) * KV_WORDS, c * 8u + lane);
        for (var j = 0u; j < SET; j++) {
          (*sums)[j][c] = fma(vec4f(subgroupBroadcast(p[j].x, 0u)), v, (*sums)[j][c]);
          (*sums)[j][c] = fma(vec4f(subgroupBroadcast(p[j].x, 1u)), w, (*sums)[j][c]);
        }
      }
      for (var j = 0u; j < SET; j++) { p[j].x = subgroupShuffle(p[j].x, (lane + 2u) % 8u); }
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
    var q_starts: array<u32, SET>;
    var positions: array<u32, SET>;
    var total_highest: array<f32, SET>;
    var total_sum: array<f32, SET>;
    for (var j = 0u; j < SET; j++) {
      let row = read_row(item, first + j);
      q_starts[j] = (row.token * n_heads + first_head + (first + j) % params.group) * DIM4;
      positions[j] = row.position;
      total_highest[j] = EMPTY;
      total_sum[j] = 0.0;
      for (var c = 0u; c < OCTETS; c++) { total_o[j][c] = vec4f(); }
    }
    for (var segment = 0u; segment < item.n_keys; segment += params.segment) {
      let end = min(segment + params.segment, item.n_keys);
      var highest: array<f32, SET>;
      var sum: array<f32, SET>;
      for (var j = 0u; j < SET; j++) {
        highest[j] = EMPTY;
        sum[j] = 0.0;
        for (var c = 0u; c < OCTETS; c++) { o[j][c] = vec4f(); }
      }
      for (var start = segment; start < end; start += TILE) {
        let tile = Tile(item, group.z / params.splits, n_groups.z / params.splits, start, min(TILE, end - start));
        var p = score_tile(tile, q_starts, lane);
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
          for (var c = 0u; c < OCTETS; c++) { o[j][c] *= weight; }
        }
        add_values(tile, p, &o, lane);
      }
      for (var j = 0u; j < SET; j++) {
        let high = max(total_highest[j], highest[j]);
        let weight = state_weight(vec4f(total_highest[j]), vec4f(high));
        let next_weight = state_weight(vec4f(highest[j]), vec4f(high));
        total_sum[j] = join_sums(vec4f(total_sum[j]), weight, vec4f(sum_of(sum[j])), next_weight).x;
        total_highest[j] = high;
        for (var c = 0u; c < OCTETS; c++) { total_o[j][c] = join_sums(total_o[j][c], weight, o[j][c], next_weight); }
      }
    }
    for (var j = 0u; j < SET; j++) {
      if (first + j >= n_queries) { break; }
      let row = read_row(item, first + j);
      let head = first_head + (first + j) % params.group;
      for (var c = 0u; c < OCTETS; c++) {
        if (row.slot == DIRECT) {
          out[(row.token * n_heads + head) * DIM4 + c * 8u + lane] = total_o[j][c] * inverse_sum(vec4f(total_sum[j]));
        } else {
          partial_o[(row.slot * n_heads + head) * DIM4 + c * 8u + lane] = total_o[j][c];
        }
      }
      if (row.slot != DIRECT && lane == 0u) {
        partial_stats[row.slot * n_heads + head] = vec2f(total_highest[j], total_sum[j]);
      }
    }
  }
}
