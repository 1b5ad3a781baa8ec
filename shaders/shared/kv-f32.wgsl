// K and V as f32: a word is a quad, 4 dims of a token's head.

alias KvWord = vec4f;

const WORD_QUADS: u32 = 1u;
const KV_WORDS: u32 = HEAD_DIM / 4u;  // of a token's head
const LINE_WORDS: u32 = 4u;           // in 64 bytes, which memory brings together
const KV_GROUP: u32 = 1u;             // quads that are rounded together
const IS_SCALED: bool = false;        // quads are to be multiplied by the scale in the head's last word

/// Dims 4d to 4d + 3 of the key whose words begin at `start`; of a value.
fn k_quad(start: u32, d: u32) -> vec4f { return k_cache[start + d * BLOCK_LEN]; }
fn v_quad(start: u32, d: u32) -> vec4f { return v_cache[start + d]; }
/// The same of a word: all its quads.
fn k_quads(start: u32, w: u32) -> array<vec4f, WORD_QUADS> { return array(k_quad(start, w)); }
fn v_quads(start: u32, w: u32) -> array<vec4f, WORD_QUADS> { return array(v_quad(start, w)); }
fn unpack_scale(word: KvWord) -> f32 { return 1.0; }

/// The word of quad x and, where a word has two, the next. `range`: of the group, known where there are groups.
fn pack_quads(x: vec4f, next: vec4f, range: vec2f) -> KvWord { return x; }
fn pack_range(range: vec2f) -> KvWord { return vec4f(); }
