// K and V as f16: a quad is 4 dims of a token's head. Needs no shader-f16.

alias KvQuad = vec2u;

const KV_QUADS: u32 = HEAD_DIM / 4u;  // of a token's head
const IS_SCALED: bool = false;        // they are to be multiplied by the scale in the last one

const MAX_F16: f32 = 65504.0;         // what is beyond would become an infinity or anything else

fn unpack_quad(quad: KvQuad) -> vec4f { return vec4f(unpack2x16float(quad.x), unpack2x16float(quad.y)); }
fn unpack_scale(quad: KvQuad) -> f32 { return 1.0; }

/// `peak` is the head's highest magnitude, known where IS_SCALED.
fn pack_quad(x: vec4f, peak: f32) -> KvQuad {
  let bounded = clamp(x, vec4f(-MAX_F16), vec4f(MAX_F16));
  return vec2u(pack2x16float(bounded.xy), pack2x16float(bounded.zw));
}
fn pack_scale(peak: f32) -> KvQuad { return vec2u(); }
