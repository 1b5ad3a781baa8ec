// K and V as int8: a word is a quad, 4 dims of a token's head as 127ths of the head's highest magnitude, an f32 that follows
// them.

alias KvWord = u32;

const WORD_QUADS: u32 = 1u;
const KV_WORDS: u32 = HEAD_DIM / 4u + 1u;  // of a token's head
const LINE_WORDS: u32 = 16u;               // in 64 bytes, which memory brings together
const KV_GROUP: u32 = HEAD_DIM / 4u;       // quads that are rounded together
const IS_SCALED: bool = true;              // quads are to be multiplied by the scale in the head's last word

const LEAST_PEAK: f32 = 1e-30;             // a head of zeros must not divide by its peak

/// Dims 4d to 4d + 3 of the key whose words begin at `start`; of a value.
fn k_quad(start: u32, d: u32) -> vec4f { return unpack4x8snorm(k_cache[start + d * BLOCK_LEN]); }
fn v_quad(start: u32, d: u32) -> vec4f { return unpack4x8snorm(v_cache[start + d]); }
/// The same of a word: all its quads.
fn k_quads(start: u32, w: u32) -> array<vec4f, WORD_QUADS> { return array(k_quad(start, w)); }
fn v_quads(start: u32, w: u32) -> array<vec4f, WORD_QUADS> { return array(v_quad(start, w)); }
fn unpack_scale(word: KvWord) -> f32 { return bitcast<f32>(word); }

fn peak_of(range: vec2f) -> f32 { return max(abs(range.x), abs(range.y)); }

/// The word of quad x and, where a word has two, the next. `range`: of the group, known where there are groups.
fn pack_quads(x: vec4f, next: vec4f, range: vec2f) -> KvWord {
  return pack4x8snorm(x / max(peak_of(range), LEAST_PEAK));
}
fn pack_range(range: vec2f) -> KvWord { return bitcast<u32>(peak_of(range)); }
