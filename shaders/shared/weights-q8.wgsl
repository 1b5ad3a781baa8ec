// Weights as bytes, scaled. A block is 16 consecutive k of one row, four quads.

//#import scaled-block

const BLOCK_QUADS: u32 = 4u;   // vec4f in a block
const BIAS: f32 = 256f;
const MIDDLE: f32 = 128f;

/// code - 128 of a quad as int8s in a word; not with zeros.
fn block_int8s(block: Block, quad_ix: u32) -> u32 { return block.codes[quad_ix] ^ 0x80808080u; }

fn block_quad(block: Block, quad_ix: u32) -> vec4f {
  // a byte at the top of the mantissa of 256 gives the number 256 + code, cheaper than a conversion
  let word = block.codes[quad_ix];
  let bits = vec4u(word << 15u, word << 7u, word >> 1u, word >> 9u) & vec4u(0xffu << 15u);
  return scaled(bitcast<vec4f>(bits | vec4u(0x43800000u)), block);
}
