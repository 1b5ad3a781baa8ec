// Weights as f32: a block is 4 consecutive k of one row, and one quad.

const BLOCK_QUADS: u32 = 1u;   // vec4f in a block

alias Block = vec4u;

@group(0) @binding(1) var<storage, read> weights: array<vec4u>;  // [n_rows / 16, n_blocks, 16] blocks

fn load_block(block_ix: u32) -> Block { return weights[block_ix]; }

fn block_quad(block: Block, quad_ix: u32) -> vec4f { return bitcast<vec4f>(block); }
