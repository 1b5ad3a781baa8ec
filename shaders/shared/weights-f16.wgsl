// Weights as f16 pairs: a block is 8 consecutive k of one row, two quads. Needs no shader-f16.

const BLOCK_QUADS: u32 = 2u;   // vec4f in a block

alias Block = vec4u;

@group(0) @binding(1) var<storage, read> weights: array<vec4u>;  // [n_rows / 16, n_blocks, 16] blocks

fn load_block(block_ix: u32) -> Block { return weights[block_ix]; }

fn block_quad(block: Block, quad_ix: u32) -> vec4f {
  let pairs = select(block.zw, block.xy, quad_ix == 0u);
  return vec4f(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
}
