// K and V as f32: a quad is 4 dims of a token's head.

alias KvQuad = vec4f;

const KV_QUADS: u32 = HEAD_DIM / 4u;  // of a token's head
const IS_SCALED: bool = false;        // they are to be multiplied by the scale in the last one

fn unpack_quad(quad: KvQuad) -> vec4f { return quad; }
fn unpack_scale(quad: KvQuad) -> f32 { return 1.0; }

/// `peak` is the head's highest magnitude, known where IS_SCALED.
fn pack_quad(x: vec4f, peak: f32) -> KvQuad { return x; }
fn pack_scale(peak: f32) -> KvQuad { return vec4f(); }
