// logits[row][token] += bias, after the penalties on tokens that the sequence holds already: repetition divides a
// positive logit and multiplies a negative one (CTRL, arXiv:1909.05858 §4.1), frequency is subtracted per occurrence in
// the output, presence once. One thread per edit; a (row, token) pair occurs at most once, so no two threads meet.

//#import draw-row

const WG_SIZE: u32 = 64u;
const EDIT_WORDS: u32 = 4u;   // row, token, times in the output | IN_PROMPT, bits of the f32 bias
const IN_PROMPT: u32 = 0x80000000u;

struct Params {
  n_edits: u32,
  vocab: u32,       // tokens
  first_edit: u32,  // where the edits start in the arena, in words
  first_row: u32,   // where the rows' records (DrawRow) start in the arena, in words
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;         // [>= n_edits * EDIT_WORDS + n_rows * DRAW_ROW_WORDS]
@group(0) @binding(2) var<storage, read_write> logits: array<f32>;  // [n_rows, vocab]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  if (index >= params.n_edits) { return; }
  let edit = params.first_edit + index * EDIT_WORDS;
  let row_ix = arena[edit];
  let row = draw_row(params.first_row + row_ix * DRAW_ROW_WORDS);
  let count = arena[edit + 2u] & ~IN_PROMPT;
  let target_ix = row_ix * params.vocab + arena[edit + 1u];

  var logit = logits[target_ix];
  if (arena[edit + 2u] != 0u) { logit = select(logit * row.repetition, logit / row.repetition, logit > 0f); }
  if (count > 0u) { logit -= f32(count) * row.frequency + row.presence; }
  logits[target_ix] = logit + bitcast<f32>(arena[edit + 3u]);
}
