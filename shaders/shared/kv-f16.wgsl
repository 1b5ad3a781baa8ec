// K and V as f16: a word is a quad, 4 dims of a token's head. Needs no shader-f16.

alias KvWord = vec2u;

const WORD_QUADS: u32 = 1u;
const KV_WORDS: u32 = HEAD_DIM / 4u;  // of a token's head
const LINE_WORDS: u32 = 8u;           // in 64 bytes, which memory brings together
const KV_GROUP: u32 = 1u;             // quads that are rounded together
const IS_SCALED: bool = false;        // quads are to be multiplied by the scale in the head's last word

const MAX_F16: f32 = 65504.0;         // what is beyond would become an infinity or anything else

fn unpack_quad(word: KvWord) -> vec4f { return vec4f(unpack2x16float(word.x), unpack2x16float(word.y)); }

/// Dims 4d to 4d + 3 of the key whose words begin at `start`; of a value.
fn k_quad(start: u32, d: u32) -> vec4f { return unpack_quad(k_cache[start + d * BLOCK_LEN]); }
fn v_quad(start: u32, d: u32) -> vec4f { return unpack_quad(v_cache[start + d]); }
/// The same of a word: all its quads.
fn k_quads(start: u32, w: u32) -> array<vec4f, WORD_QUADS> { return array(k_quad(start, w)); }
fn v_quads(start: u32, w: u32) -> array<vec4f, WORD_QUADS> { return array(v_quad(start, w)); }
fn unpack_scale(word: KvWord) -> f32 { return 1.0; }

/// The word of quad x and, where a word has two, the next. `range`: of the group, known where there are groups.
fn pack_quads(x: vec4f, next: vec4f, range: vec2f) -> KvWord {
  let bounded = clamp(x, vec4f(-MAX_F16), vec4f(MAX_F16));
  return vec2u(pack2x16float(bounded.xy), pack2x16float(bounded.zw));
}
fn pack_range(range: vec2f) -> KvWord { return vec2u(); }
