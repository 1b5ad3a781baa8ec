// Weights as 4 bits: w = (code - zero) * scale, rounded once; scale and zero are those of GROUP columns, and without zeros
// zero is 8. A block is 32 consecutive k of one row, eight quads; byte i of word j holds codes 8 j + i and 8 j + 4 + i.

const GROUP: u32 = 32u;        // columns, a multiple of 32
const HAS_ZEROS: bool = false;
const BLOCK_QUADS: u32 = 8u;   // vec4f in a block

struct Block {
  codes: vec4u,
  scale: f32,
  shift: f32,
}

@group(0) @binding(1) var<storage, read> weights: array<vec4u>;  // [n_rows / 16, n_blocks, 16] blocks
@group(0) @binding(5) var<storage, read> scales: array<u32>;     // [n_rows / 16, cols / GROUP, 16 or 8] pairs of f16

fn load_block(block_ix: u32) -> Block {
  let codes = weights[block_ix];
  let scale_ix = block_ix / (GROUP / 2u) * 16u + block_ix % 16u;
  if (HAS_ZEROS) {
    let pair = unpack2x16float(scales[scale_ix]);  // scale and zero of one row
    return Block(codes, pair.x, -pair.y * pair.x);
  }
  let pair = unpack2x16float(scales[scale_ix / 2u]);  // scales of two rows
  let scale = select(pair.y, pair.x, scale_ix % 2u == 0u);
  return Block(codes, scale, -24f * scale);
}

/// code - 8 of a quad as int8s in a word; not with zeros.
fn block_int8s(block: Block, quad_ix: u32) -> u32 {
  let codes = (block.codes[quad_ix / 2u] >> (quad_ix % 2u * 4u)) & 0x0f0f0f0fu;
  return (codes + 0x78787878u) ^ 0x80808080u;
}

fn block_quad(block: Block, quad_ix: u32) -> vec4f {
  // 4 bits at the top of the mantissa of 16 give the number 16 + code, cheaper than a conversion
  let word = block.codes[quad_ix / 2u] >> (quad_ix % 2u * 4u);
  let bits = vec4u(word << 19u, word << 11u, word << 3u, word >> 5u) & vec4u(0xfu << 19u);
  let codes = bitcast<vec4f>(bits | vec4u(0x41800000u));
  if (HAS_ZEROS) { return fma(codes - 16f, vec4f(block.scale), vec4f(block.shift)); }
  return fma(codes, vec4f(block.scale), vec4f(block.shift));  // exact: a scale has 11 bits, 16 + code 5
}
