// Weights as 4 bits, scaled. A block is 32 consecutive k of one row, eight quads; byte i of word j holds codes 8 j + i and
// 8 j + 4 + i.

//#import scaled-block

const BLOCK_QUADS: u32 = 8u;   // vec4f in a block
const BIAS: f32 = 16f;
const MIDDLE: f32 = 8f;

/// code - 8 of a quad as int8s in a word; not with zeros.
fn block_int8s(block: Block, quad_ix: u32) -> u32 {
  let codes = (block.codes[quad_ix / 2u] >> (quad_ix % 2u * 4u)) & 0x0f0f0f0fu;
  return (codes + 0x78787878u) ^ 0x80808080u;
}

fn block_quad(block: Block, quad_ix: u32) -> vec4f {
  // 4 bits at the top of the mantissa of 16 give the number 16 + code, cheaper than a conversion
  let word = block.codes[quad_ix / 2u] >> (quad_ix % 2u * 4u);
  let bits = vec4u(word << 19u, word << 11u, word << 3u, word >> 5u) & vec4u(0xfu << 19u);
  return scaled(bitcast<vec4f>(bits | vec4u(0x41800000u)), block);
}
