// Weights as integers: w = (code - zero) * scale, rounded once; scale and zero are those of GROUP columns, and without zeros
// zero is MIDDLE. Decoding makes BIAS + code, whose bits need no conversion from an integer.
// Needs BLOCK_QUADS, BIAS and MIDDLE of the format.

const GROUP: u32 = 32u;        // columns, a multiple of a block's
const HAS_ZEROS: bool = false;

struct Block {
  codes: vec4u,
  scale: f32,
  shift: f32,
}

@group(0) @binding(1) var<storage, read> weights: array<vec4u>;  // [n_rows / 16, n_blocks, 16] blocks
@group(0) @binding(5) var<storage, read> scales: array<u32>;     // [n_rows / 16, cols / GROUP, 16 or 8] pairs of f16

fn load_block(block_ix: u32) -> Block {
  let codes = weights[block_ix];
  let scale_ix = block_ix / (GROUP / (BLOCK_QUADS * 4u) * 16u) * 16u + block_ix % 16u;
  if (HAS_ZEROS) {
    let pair = unpack2x16float(scales[scale_ix]);  // scale and zero of one row
    return Block(codes, pair.x, -pair.y * pair.x);
  }
  let pair = unpack2x16float(scales[scale_ix / 2u]);  // scales of two rows
  let scale = select(pair.y, pair.x, scale_ix % 2u == 0u);
  return Block(codes, scale, -(BIAS + MIDDLE) * scale);
}

/// The weights of BIAS + code.
fn scaled(codes: vec4f, block: Block) -> vec4f {
  if (HAS_ZEROS) { return fma(codes - BIAS, vec4f(block.scale), vec4f(block.shift)); }
  return fma(codes, vec4f(block.scale), vec4f(block.shift));  // exact: a scale has 11 bits, BIAS + code at most 9
}
