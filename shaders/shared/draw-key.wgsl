// The keys that decide a draw: the token with the greatest is drawn, of equals the lowest id.
//   temperature 0: the logit. Otherwise logit / temperature + Gumbel noise, which is an exact draw from their softmax. The
//   noise is a function of (seed, position, token): whatever else is in the batch, and in whatever order threads run, a
//   row gives the same token.
// Needs: DrawRow, float_key, gumbel, threefry.

const NO_TOKEN: u32 = 0xffffffffu;
const NOTHING: vec2u = vec2u(0u, NO_TOKEN);

/// `shift` is taken from all logits of the row. Key 0, below every number's, for what is not finite.
fn draw_key(bits: u32, token: u32, row: DrawRow, shift: f32) -> u32 {
  let key = float_key(bits);
  if (row.temperature == 0f || key == 0u) { return key; }
  let noise = gumbel(threefry(vec2u(row.seed, row.position), vec2u(token, 0u)).x);
  let logit = clamp(bitcast<f32>(bits), -1e30f, 1e30f);
  // fma, so that no kernel that draws rounds otherwise than another
  return float_key(bitcast<u32>(fma(logit - shift, 1f / row.temperature, noise)));
}

/// Whether candidate a = (key, token) comes before b.
fn precedes(a: vec2u, b: vec2u) -> bool {
  return a.x > b.x || (a.x == b.x && a.y < b.y);
}
