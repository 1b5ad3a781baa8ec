// K and V as int4: x = lowest + step * code for each group of up to 32 dims of a token's head, KIVI's asymmetric rounding
// (arXiv:2402.02750) per token. A word is two quads of 4 dims, their codes in the low and in the high halves of its bytes;
// behind a head's codes follows a word for each group, its step and its lowest value as f16. Needs no shader-f16.

alias KvWord = u32;

const WORD_QUADS: u32 = 2u;
const LINE_WORDS: u32 = 16u;               // in 64 bytes, which memory brings together
const KV_GROUP: u32 = 8u;                  // quads that are rounded together
const CODE_WORDS: u32 = HEAD_DIM / 8u;
const KV_WORDS: u32 = CODE_WORDS + (HEAD_DIM + 31u) / 32u;  // of a token's head
const IS_SCALED: bool = false;             // quads are to be multiplied by the scale in the head's last word

const MAX_F16: f32 = 65504.0;              // what is beyond would become an infinity or anything else
const LEAST_STEP: f32 = 1e-30;             // a group of equal values must not divide by its step

fn unpack_quad(word: u32, d: u32, group: u32) -> vec4f {
  let codes = (vec4u(word >> (d % WORD_QUADS * 4u)) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(15u);
  let affine = unpack2x16float(group);
  return fma(vec4f(codes), vec4f(affine.x), vec4f(affine.y));
}

/// Dims 4d to 4d + 3 of the key whose words begin at `start`; of a value.
fn k_quad(start: u32, d: u32) -> vec4f {
  let group = k_cache[start + (CODE_WORDS + d / KV_GROUP) * BLOCK_LEN];
  return unpack_quad(k_cache[start + d / WORD_QUADS * BLOCK_LEN], d, group);
}
fn v_quad(start: u32, d: u32) -> vec4f {
  return unpack_quad(v_cache[start + d / WORD_QUADS], d, v_cache[start + CODE_WORDS + d / KV_GROUP]);
}
/// The same of a word: all its quads.
fn k_quads(start: u32, w: u32) -> array<vec4f, WORD_QUADS> {
  let word = k_cache[start + w * BLOCK_LEN];
  let group = k_cache[start + (CODE_WORDS + w * WORD_QUADS / KV_GROUP) * BLOCK_LEN];
  return array(unpack_quad(word, 0u, group), unpack_quad(word, 1u, group));
}
fn v_quads(start: u32, w: u32) -> array<vec4f, WORD_QUADS> {
  let word = v_cache[start + w];
  let group = v_cache[start + CODE_WORDS + w * WORD_QUADS / KV_GROUP];
  return array(unpack_quad(word, 0u, group), unpack_quad(word, 1u, group));
}
fn unpack_scale(word: KvWord) -> f32 { return 1.0; }

fn codes_of(x: vec4f, group: u32) -> u32 {
  let affine = unpack2x16float(group);
  let codes = clamp(round((x - affine.y) / max(affine.x, LEAST_STEP)), vec4f(), vec4f(15.0));
  return dot(vec4u(codes), vec4u(1u, 0x100u, 0x10000u, 0x1000000u));
}

/// The word of quad x and, where a word has two, the next. `range`: of the group, known where there are groups.
fn pack_quads(x: vec4f, next: vec4f, range: vec2f) -> KvWord {
  let group = pack_range(range);
  return codes_of(x, group) | (codes_of(next, group) << 4u);
}
fn pack_range(range: vec2f) -> KvWord {
  let bounded = clamp(range, vec2f(-MAX_F16), vec2f(MAX_F16));
  return pack2x16float(vec2f((bounded.y - bounded.x) / 15.0, bounded.x));
}
