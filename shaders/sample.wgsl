// Draws one token per row of logits: of the kept tokens the one with the greatest key (draw-key). One workgroup per row.
//   Kept: what is at least min_p times as likely as the best; of those the top_k; of those the fewest that hold top_p of
//   their mass. Ties at a cut are all kept, the best token always.
//   A logit that is not finite is never drawn; a row of only such gives NO_TOKEN.

//#import draw-row
//#import float-key
//#import random
//#import draw-key
//#import top-cut

const WG_SIZE: u32 = 256u;
// Below this temperature logits are taken relative to the best: quotients would be too large for the noise to count.
const LOW_TEMPERATURE: f32 = 0.1f;

struct Params {
  n_rows: u32,
  vocab: u32,          // tokens
  first_row: u32,      // where the rows' records (DrawRow) start in the arena, in words
  result_stride: u32,  // words
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;              // [>= n_rows * DRAW_ROW_WORDS]
@group(0) @binding(2) var<storage, read> logits: array<u32>;             // [n_rows, vocab], bits of f32
@group(0) @binding(3) var<storage, read_write> results: array<u32>;      // [any, result_stride]: id, bits of its logprob, n x (id, bits); then those of scored tokens
@group(0) @binding(4) var<storage, read_write> last_tokens: array<u32>;  // [slots]

var<workgroup> sh_ranked: array<vec2u, WG_SIZE>;
var<workgroup> sh_sums: array<f32, WG_SIZE>;

// (logit - best) / temperature, at most 0; the clamps keep it finite.
fn scaled(bits: u32, best: f32, temperature: f32) -> f32 {
  return (clamp(bitcast<f32>(bits), -1e30f, 1e30f) - clamp(best, -1e30f, 1e30f)) / temperature;
}

// The first of all threads' candidates. One thread compares them: with a tree, compilation took three times as long
// (lavapipe), and a pass over the row is longer than either.
fn first_of(lane: u32, candidate: vec2u) -> vec2u {
  sh_ranked[lane] = candidate;
  workgroupBarrier();
  if (lane == 0u) {
    var first = candidate;
    for (var i = 1u; i < WG_SIZE; i++) { if (precedes(sh_ranked[i], first)) { first = sh_ranked[i]; } }
    sh_ranked[0] = first;
  }
  return workgroupUniformLoad(&sh_ranked[0]);
}

// The most likely token after `previous`, as (key, token).
fn next_best(lane: u32, start: u32, previous: vec2u) -> vec2u {
  var best = NOTHING;
  for (var token = lane; token < params.vocab; token += WG_SIZE) {
    let candidate = vec2u(float_key(logits[start + token]), token);
    if (candidate.x > best.x && precedes(previous, candidate)) { best = candidate; }
  }
  return first_of(lane, best);
}

// The key below which no token is kept.
fn kept_from(lane: u32, start: u32, row: DrawRow, best_key: u32, best: f32) -> u32 {
  var cut = 1u;
  if (row.min_p > 0f) { cut = max(cut, float_key(bitcast<u32>(best + row.temperature * log(row.min_p)))); }
  if (row.top_k > 0u && row.top_k < params.vocab) {
    cut = max(cut, top_cut(lane, start, Cut(cut, row.top_k, 1f, best, row.temperature)));
  }
  if (row.top_p < 1f) { cut = max(cut, top_cut(lane, start, Cut(cut, 0u, row.top_p, best, row.temperature))); }
  return min(cut, best_key);
}

fn draw(lane: u32, start: u32, row: DrawRow, best_key: u32, best: f32) -> u32 {
  let cut = kept_from(lane, start, row, best_key, best);
  let shift = select(0f, clamp(best, -1e30f, 1e30f), row.temperature < LOW_TEMPERATURE);
  var first = NOTHING;
  for (var token = lane; token < params.vocab; token += WG_SIZE) {
    let bits = logits[start + token];
    if (float_key(bits) < cut) { continue; }
    let candidate = vec2u(draw_key(bits, token, row, shift), token);
    if (candidate.x > first.x) { first = candidate; }
  }
  return first_of(lane, first).y;
}

// log of the sum of exp(logit - best), always added in the same order.
fn log_sum_exp(lane: u32, start: u32, best: f32) -> f32 {
  var sum = 0f;
  for (var token = lane; token < params.vocab; token += WG_SIZE) {
    let bits = logits[start + token];
    if (float_key(bits) > 0u) { sum += exp(scaled(bits, best, 1f)); }
  }
  sh_sums[lane] = sum;
  workgroupBarrier();
  var total = 0f;
  for (var i = 0u; i < WG_SIZE; i++) { total += sh_sums[i]; }
  return log(total);
}

// Natural log-probabilities under the softmax of the logits as they are: before temperature and truncation.
fn report(lane: u32, start: u32, row: DrawRow, best: f32, drawn: u32) {
  let normaliser = log_sum_exp(lane, start, best);
  if (row.scored > 0u) { write_scored(lane, start, row, best, normaliser); }
  if (row.n_logprobs < 0) { return; }
  let result = row.result * params.result_stride + 1u;
  if (lane == 0u) { results[result] = bitcast<u32>(scaled(logits[start + drawn], best, 1f) - normaliser); }
  var ranked = vec2u(0xffffffffu, 0u);
  for (var rank = 0; rank < row.n_logprobs; rank++) {
    ranked = next_best(lane, start, ranked);
    if (lane == 0u) { write_top(result + 1u + u32(rank) * 2u, ranked, start, best, normaliser); }
  }
}

fn write_scored(lane: u32, start: u32, row: DrawRow, best: f32, normaliser: f32) {
  let first = arena[row.scored + 1u];
  for (var i = lane; i < arena[row.scored]; i += WG_SIZE) {
    results[first + i] = bitcast<u32>(scaled(logits[start + arena[row.scored + 2u + i]], best, 1f) - normaliser);
  }
}

fn write_top(at: u32, ranked: vec2u, start: u32, best: f32, normaliser: f32) {
  results[at] = ranked.y;
  if (ranked.x > 0u) { results[at + 1u] = bitcast<u32>(scaled(logits[start + ranked.y], best, 1f) - normaliser); }
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row_ix = group.y * n_groups.x + group.x;
  if (row_ix >= params.n_rows) { return; }
  let row = draw_row(params.first_row + row_ix * DRAW_ROW_WORDS);
  let start = row_ix * params.vocab;

  let ranked = next_best(lane, start, vec2u(0xffffffffu, 0u));
  let has_token = ranked.x > 0u;
  var token = ranked.y;
  let is_reported = row.n_logprobs >= 0 || row.scored > 0u;
  if (has_token && (row.temperature > 0f || is_reported)) {
    let best = bitcast<f32>(logits[start + token]);
    if (row.temperature > 0f) { token = draw(lane, start, row, ranked.x, best); }
    if (is_reported) { report(lane, start, row, best, token); }
  }
  if (lane == 0u) {
    results[row.result * params.result_stride] = token;
    // the next step may be under way before the CPU sees NO_TOKEN, and must index a row that exists
    last_tokens[row.slot] = select(0u, token, has_token);
  }
}
