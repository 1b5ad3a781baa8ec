// Scores on their way to a softmax, a vector of four at a time: bounded, capped and masked. Part of attention.

const TILE: u32 = 32u;     // keys whose scores are weighed together; divides a segment

const MAX_SCORE: f32 = 1e29;
const LOG2_E: f32 = 1.4426950408889634;

/// Scores in bounds, capped, and EMPTY where the key is beyond the query vector's position, or a window behind it.
/// `distance`: how far back the key lies; beyond the position it has wrapped around to more than any window.
fn visible_scores(scores: vec4f, distance: vec4u) -> vec4f {
  let bounded = clamp(scores, vec4f(-MAX_SCORE), vec4f(MAX_SCORE));
  return select(vec4f(EMPTY), capped(bounded), distance < vec4u(params.window));
}

/// cap tanh(x / cap) of scores x log2(e), with tanh(y) = (1 - e) / (1 + e) for y >= 0, e = exp(-2 y).
fn capped(scores: vec4f) -> vec4f {
  if (params.softcap == 0.0) { return scores; }
  let e = exp2(abs(scores) * (-2.0 / params.softcap));
  return sign(scores) * ((1.0 - e) / (1.0 + e)) * (params.softcap * LOG2_E);
}

fn probabilities(scores: vec4f, highest: vec4f) -> vec4f {
  return select(exp2(scores - highest), vec4f(), scores == vec4f(EMPTY));
}
