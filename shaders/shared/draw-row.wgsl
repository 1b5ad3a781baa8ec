// How the token after one row of logits is drawn: one record of the step arena, written by src/kernels/draw-row.ts.
// Needs: arena.

const DRAW_ROW_WORDS: u32 = 14u;

struct DrawRow {
  temperature: f32,  // 0: greedy
  top_k: u32,        // 0: all
  top_p: f32,        // 1: all
  min_p: f32,        // 0: all
  seed: u32,
  position: u32,     // of the token to draw, in tokens from the sequence's start
  n_logprobs: i32,   // most likely tokens to report beside the drawn one; -1: no log-probabilities at all
  slot: u32,         // where the next step finds the drawn token
  result: u32,       // row of the results
  repetition: f32,   // 1: off
  presence: f32,     // 0: off
  frequency: f32,    // 0: off
  mask: u32,         // where the bits of the tokens that may be drawn start in the arena, in words; 0: all may
  scored: u32,       // where the list of scored tokens starts in the arena: how many, the word of the results for the first, ids; 0: none
}

fn draw_row(start: u32) -> DrawRow {
  return DrawRow(
    bitcast<f32>(arena[start]),
    arena[start + 1u],
    bitcast<f32>(arena[start + 2u]),
    bitcast<f32>(arena[start + 3u]),
    arena[start + 4u],
    arena[start + 5u],
    bitcast<i32>(arena[start + 6u]),
    arena[start + 7u],
    arena[start + 8u],
    bitcast<f32>(arena[start + 9u]),
    bitcast<f32>(arena[start + 10u]),
    bitcast<f32>(arena[start + 11u]),
    arena[start + 12u],
    arena[start + 13u],
  );
}

fn may_draw(row: DrawRow, token: u32) -> bool {
  return row.mask == 0u || extractBits(arena[row.mask + token / 32u], token % 32u, 1u) != 0u;
}
