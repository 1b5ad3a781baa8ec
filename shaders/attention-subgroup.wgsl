// attention-tile for subgroups of 8 threads, where a load of one address by all threads costs a load each, as in Mesa's
// lavapipe: a thread loads its part of what all need, and the subgroup hands the parts around. Same order of summation.
// Needs subgroups of exactly 8 neighbours by local index, and heads of a multiple of 32 dims, so that the threads of a
// subgroup sum for the same quads.

enable subgroups;
diagnostic(off, subgroup_uniformity);  // branches depend on lane / 8, which the compiler cannot know to be uniform

const SPAN: u32 = max(QUADS, 8u);    // threads that have all quads among their `positions`
const SCORED: u32 = min(QUADS, 8u);  // a thread scores a key for SCORED quads: a k serves all

/// Writes the tile's scores to sh_p. `positions` are those of quad lane % QUADS.
fn score_tile(tile: Tile, positions: vec4u, lane: u32) {
  let first_quad = lane % SPAN / 8u * 8u;
  if (first_quad >= tile.n_quads) { return; }
  for (var octet = lane / SPAN * 8u; octet < tile.n_keys; octet += WG_SIZE / SPAN * 8u) {
    let key = octet + lane % 8u;
    let start = k_start(tile, min(key, tile.n_keys - 1u));
    var scores: array<vec4f, SCORED>;
    for (var i = 0u; i < SCORED; i++) { scores[i] = vec4f(); }
    for (var d = 0u; d < params.dim4; d += 2u) {
      let k = k_quad(start, d);
      let l = k_quad(start, d + 1u);
      for (var i = 0u; i < SCORED; i++) {
        if (first_quad + i >= tile.n_quads) { break; }
        let x = sh_q[(d * 4u + lane % 8u) * QUADS + first_quad + i];
        var score = scores[i];
        score = fma(vec4f(k.x), subgroupBroadcast(x, 0u), score);
        score = fma(vec4f(k.y), subgroupBroadcast(x, 1u), score);
        score = fma(vec4f(k.z), subgroupBroadcast(x, 2u), score);
        score = fma(vec4f(k.w), subgroupBroadcast(x, 3u), score);
        score = fma(vec4f(l.x), subgroupBroadcast(x, 4u), score);
        score = fma(vec4f(l.y), subgroupBroadcast(x, 5u), score);
        score = fma(vec4f(l.z), subgroupBroadcast(x, 6u), score);
        score = fma(vec4f(l.w), subgroupBroadcast(x, 7u), score);
        scores[i] = score;
      }
    }
    for (var i = 0u; i < SCORED; i++) {
      let quad = first_quad + i;
      if (quad >= tile.n_quads) { break; }
      let quad_positions = subgroupShuffle(positions, quad % 8u);
      if (key < tile.n_keys) { sh_p[key * QUADS + quad] = visible_scores(tile, key, scores[i], quad_positions); }
    }
  }
}

/// Adds to the thread's sums its 4 dims of the tile's values, weighted with the probabilities in sh_p.
fn add_values(tile: Tile, o: ptr<function, array<mat4x4f, UNITS>>, lane: u32) {
  let column = lane % DIM4;
  let first_quad = first_quad_of(lane);
  if (first_quad >= tile.n_quads) { return; }
  var key = 0u;
  for (; key + 4u <= tile.n_keys; key += 4u) {
    let start = v_start(tile, key);
    var values: array<vec4f, 4>;
    for (var a = 0u; a < 4u; a++) { values[a] = v_quad(start + a * KV_WORDS, column); }
    for (var u = 0u; u < UNITS; u++) {
      let quad = first_quad + u * QUAD_STRIDE;
      if (quad >= tile.n_quads) { break; }
      let p = sh_p[(key + lane % 4u) * QUADS + quad];
      var sums = (*o)[u];
      sums = add_value(sums, subgroupBroadcast(p, 0u), values[0]);
      sums = add_value(sums, subgroupBroadcast(p, 1u), values[1]);
      sums = add_value(sums, subgroupBroadcast(p, 2u), values[2]);
      sums = add_value(sums, subgroupBroadcast(p, 3u), values[3]);
      (*o)[u] = sums;
    }
  }
  for (; key < tile.n_keys; key++) {
    let value = v_quad(v_start(tile, key), column);
    for (var u = 0u; u < UNITS; u++) {
      let quad = first_quad + u * QUAD_STRIDE;
      if (quad >= tile.n_quads) { break; }
      (*o)[u] = add_value((*o)[u], sh_p[key * QUADS + quad], value);
    }
  }
}
