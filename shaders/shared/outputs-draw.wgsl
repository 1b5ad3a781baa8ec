// candidates[m][n / 16] = the first of each tile of 16 outputs n, by the keys that decide the draw of row m; an output is
// scale * (sum (+ bias)). So a row of logits is drawn from without being written anywhere.
// Needs OUT_TOKENS, GROUP_ROWS, WG_SIZE and sh_totals of the kernel.

//#import draw-row
//#import float-key
//#import random
//#import draw-key

const GROUP_TILES: u32 = GROUP_ROWS / 16u;

struct Params {
  n_tokens: u32,
  n_blocks: u32,    // along k, of one row
  n_rows: u32,      // of this slice of the matrix
  first_row: u32,   // of this slice, in the whole matrix
  has_bias: u32,    // 0 or 1
  scale: f32,
  n_tiles: u32,     // of the whole matrix
  first_draw: u32,  // where the rows' records (DrawRow) start in the arena, in words
}

@group(0) @binding(3) var<storage, read> bias: array<f32>;                // [rows of the whole matrix], if has_bias
@group(0) @binding(4) var<storage, read_write> candidates: array<vec2u>;  // [n_tokens, n_tiles] key, token
@group(0) @binding(7) var<storage, read> arena: array<u32>;               // [>= n_tokens * DRAW_ROW_WORDS]

var<workgroup> sh_keys: array<u32, OUT_TOKENS * GROUP_ROWS>;

/// As that of outputs-plain.
fn finish(first_token: u32, first_row: u32, lane: u32) {
  let first_n = params.first_row + first_row;
  let n_tokens = tokens_from(first_token);
  for (var i = lane; i < n_tokens * GROUP_ROWS; i += WG_SIZE) {
    let token = first_token + i / GROUP_ROWS;
    let place = i % GROUP_ROWS;
    sh_keys[i] = 0u;
    if (first_row + place >= params.n_rows) { continue; }
    var value = sh_totals[i];
    if (params.has_bias != 0u) { value += bias[first_n + place]; }
    let row = draw_row(params.first_draw + token * DRAW_ROW_WORDS);
    if (!may_draw(row, first_n + place)) { continue; }
    sh_keys[i] = draw_key(bitcast<u32>(value * params.scale), first_n + place, row, 0f);
  }
  workgroupBarrier();
  for (var i = lane; i < n_tokens * GROUP_TILES; i += WG_SIZE) {
    let token = first_token + i / GROUP_TILES;
    let tile = first_n / 16u + i % GROUP_TILES;
    // beyond the slice are tiles of the next one
    if (first_row + i % GROUP_TILES * 16u >= params.n_rows) { continue; }
    var first = NOTHING;
    for (var n = 0u; n < 16u; n++) {
      let key = sh_keys[i * 16u + n];
      if (key > first.x) { first = vec2u(key, tile * 16u + n); }
    }
    candidates[token * params.n_tiles + tile] = first;
  }
}
