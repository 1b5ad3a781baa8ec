// The drawn token of each row: the first of the candidates of all tiles. A row without a finite logit gives NO_TOKEN.
// One workgroup per row.

//#import draw-row
//#import float-key
//#import random
//#import draw-key

const WG_SIZE: u32 = 64u;

struct Params {
  n_rows: u32,
  n_tiles: u32,
  first_draw: u32,     // where the rows' records (DrawRow) start in the arena, in words
  result_stride: u32,  // words
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;              // [>= n_rows * DRAW_ROW_WORDS]
@group(0) @binding(2) var<storage, read> candidates: array<vec2u>;       // [n_rows, n_tiles] key, token
@group(0) @binding(3) var<storage, read_write> results: array<u32>;      // [any, result_stride]: id
@group(0) @binding(4) var<storage, read_write> last_tokens: array<u32>;  // [slots]

var<workgroup> sh_firsts: array<vec2u, WG_SIZE>;

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row_ix = group.y * n_groups.x + group.x;
  if (row_ix >= params.n_rows) { return; }
  var first = NOTHING;
  for (var tile = lane; tile < params.n_tiles; tile += WG_SIZE) {
    let candidate = candidates[row_ix * params.n_tiles + tile];
    if (candidate.x > first.x) { first = candidate; }
  }
  sh_firsts[lane] = first;
  workgroupBarrier();
  if (lane > 0u) { return; }
  for (var i = 1u; i < WG_SIZE; i++) { if (precedes(sh_firsts[i], first)) { first = sh_firsts[i]; } }
  let row = draw_row(params.first_draw + row_ix * DRAW_ROW_WORDS);
  results[row.result * params.result_stride] = first.y;
  // the next step may be under way before the CPU sees NO_TOKEN, and must index a row that exists
  last_tokens[row.slot] = select(0u, first.y, first.x > 0u);
}
