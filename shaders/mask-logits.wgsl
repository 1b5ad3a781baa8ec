// logits[row][token] = -infinity for tokens that the row's mask does not admit. A workgroup per row and stretch of tokens.

//#import draw-row

const WG_SIZE: u32 = 64u;
const STRETCH: u32 = 2048u;   // tokens

struct Params {
  n_rows: u32,
  vocab: u32,        // tokens
  n_stretches: u32,  // of a row
  first_row: u32,    // where the rows' records (DrawRow) start in the arena, in words
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;         // [>= n_rows * DRAW_ROW_WORDS + masks]
@group(0) @binding(2) var<storage, read_write> logits: array<u32>;  // [n_rows, vocab], bits of f32

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.y * n_groups.x + group.x;
  if (index >= params.n_rows * params.n_stretches) { return; }
  let row_ix = index / params.n_stretches;
  let row = draw_row(params.first_row + row_ix * DRAW_ROW_WORDS);
  if (row.mask == 0u) { return; }
  let first = index % params.n_stretches * STRETCH;
  for (var token = first + lane; token < min(first + STRETCH, params.vocab); token += WG_SIZE) {
    if (!may_draw(row, token)) { logits[row_ix * params.vocab + token] = 0xff800000u; }
  }
}
