// The softmax of part of a row's keys as a raw state (m, l, o): m the highest score, l = sum of 2^(score - m),
// o = sum of 2^(score - m) v. Parts are joined by
//   s + t = (M, l 2^(m - M) + l' 2^(m' - M), o 2^(m - M) + o' 2^(m' - M)),  M = max(m, m')
// (Hydragen, arXiv:2402.05099 §3.1, in base 2, not yet divided). A state without keys changes nothing, exactly: the
// weights are 1 and 0. Whoever joins or divides does it here, so that all get the same bits.

const EMPTY: f32 = -1e30;  // the highest of no scores; WGSL may assume that there are no infinities

/// What a state's sums weigh when the highest score is `joined`, which is no less than its own.
fn state_weight(highest: vec4f, joined: vec4f) -> vec4f {
  return select(exp2(highest - joined), vec4f(1), highest == joined);
}

/// Four sums of a state (of l or of o) and of the one that follows it.
fn join_sums(sums: vec4f, weight: vec4f, next: vec4f, next_weight: vec4f) -> vec4f {
  return fma(next, next_weight, sums * weight);
}

/// 1 / l: what o is multiplied by in the end; 0 without keys.
fn inverse_sum(sum: vec4f) -> vec4f {
  return select(vec4f(1) / sum, vec4f(), sum <= vec4f());
}
