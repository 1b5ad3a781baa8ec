// K and V as int8: a quad is 4 dims of a token's head as 127ths of the head's highest magnitude, an f32 that follows them.

alias KvQuad = u32;

const KV_QUADS: u32 = HEAD_DIM / 4u + 1u;  // of a token's head
const IS_SCALED: bool = true;              // they are to be multiplied by the scale in the last one

const LEAST_PEAK: f32 = 1e-30;             // a head of zeros must not divide by its peak

fn unpack_quad(quad: KvQuad) -> vec4f { return unpack4x8snorm(quad); }
fn unpack_scale(quad: KvQuad) -> f32 { return bitcast<f32>(quad); }

/// `peak` is the head's highest magnitude, known where IS_SCALED.
fn pack_quad(x: vec4f, peak: f32) -> KvQuad { return pack4x8snorm(x / max(peak, LEAST_PEAK)); }
fn pack_scale(peak: f32) -> KvQuad { return bitcast<u32>(peak); }
