// An f32 as a u32 that compares alike: a < b exactly if key(a) < key(b). Works on the bits, since WGSL may assume that
// NaN and infinity never happen. What is not finite gets key 0, below every number.

fn float_key(bits: u32) -> u32 {
  let exponent = bits & 0x7f800000u;
  if (exponent == 0x7f800000u) { return 0u; }
  // -0 equals +0
  if ((bits & 0x7fffffffu) == 0u) { return 0x80000000u; }
  return bits ^ select(0x80000000u, 0xffffffffu, (bits >> 31u) == 1u);
}
