// A tile of keys and values against an item's query vectors: its scores q K^T, and its share of p V. Part of attention.

const KEY_STRIDE: u32 = WG_SIZE / QUADS;
const KEYS: u32 = (TILE + KEY_STRIDE - 1u) / KEY_STRIDE;  // a thread scores KEYS keys for one quad: a q serves all
const AHEAD: u32 = 4u;  // values read together, to wait for memory once; divides BLOCK_LEN

/// Writes the tile's scores to sh_p. `positions` are those of quad lane % QUADS.
fn score_tile(tile: Tile, positions: vec4u, n_quads: u32, lane: u32) {
  let my_quad = lane % QUADS;
  let my_key = lane / QUADS;
  if (my_quad >= n_quads || my_key >= tile.n_keys) { return; }
  var scores: array<vec4f, KEYS>;
  var k_starts: array<u32, KEYS>;
  for (var i = 0u; i < KEYS; i++) {
    k_starts[i] = k_start(tile, min(my_key + i * KEY_STRIDE, tile.n_keys - 1u));
    scores[i] = vec4f();
  }
  for (var d = 0u; d < params.dim4; d++) {
    let at = d * 4u * QUADS + my_quad;
    let x = sh_q[at];
    let y = sh_q[at + QUADS];
    let z = sh_q[at + 2u * QUADS];
    let w = sh_q[at + 3u * QUADS];
    for (var i = 0u; i < KEYS; i++) {
      let k = k_quad(k_starts[i], d);
      scores[i] = fma(vec4f(k.w), w, fma(vec4f(k.z), z, fma(vec4f(k.y), y, fma(vec4f(k.x), x, scores[i]))));
    }
  }
  for (var i = 0u; i < KEYS; i++) {
    let key = my_key + i * KEY_STRIDE;
    if (key >= tile.n_keys) { break; }
    var scaled = scores[i];
    if (IS_SCALED) { scaled *= k_scale(tile, key); }
    let distance = positions - vec4u(tile.item.first_position + tile.start + key);
    sh_p[key * QUADS + my_quad] = visible_scores(scaled, distance);
  }
}

/// Adds to the thread's sums its 4 dims of the tile's values, weighted with the probabilities in sh_p.
fn add_values(tile: Tile, n_quads: u32, o: ptr<function, array<mat4x4f, UNITS>>, lane: u32) {
  let column = lane % DIM4;
  let first_quad = first_quad_of(lane);
  if (first_quad >= n_quads) { return; }
  for (var key = 0u; key < tile.n_keys; key += AHEAD) {
    let start = block_start(tile, key);
    var values: array<vec4f, AHEAD>;
    for (var a = 0u; a < AHEAD; a++) {
      let offset = (tile.start + min(key + a, tile.n_keys - 1u)) % BLOCK_LEN;
      values[a] = v_quad(start + offset * KV_WORDS, column);
    }
    for (var u = 0u; u < UNITS; u++) {
      let quad = first_quad + u * QUAD_STRIDE;
      if (quad >= n_quads) { break; }
      for (var a = 0u; a < AHEAD; a++) {
        if (key + a >= tile.n_keys) { break; }
        (*o)[u] = add_value((*o)[u], sh_p[(key + a) * QUADS + quad], values[a]);
      }
    }
  }
}
