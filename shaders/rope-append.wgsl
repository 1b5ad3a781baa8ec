// q[token] = rope(q part of qkv[token]) * scale; k and v of the token go into their place in the KV cache, k rotated.
// RoPE in the rotate-half convention: of each head's first 2 half dims, i and i + half turn by position * frequency[i];
// the others stay. One thread per (token, head, 4 dims).

const HEADS: u32 = 1u;
const KV_HEADS: u32 = 1u;
const HEAD_DIM: u32 = 64u;  // a multiple of 8
const WG_SIZE: u32 = 64u;

const BLOCK_LEN: u32 = 16u;
const DIM4: u32 = HEAD_DIM / 4u;
const NOWHERE: u32 = 0xffffffffu;

struct Params {
  n_tokens: u32,
  qkv_stride: u32,     // in vec4f
  k_offset: u32,       // in vec4f
  v_offset: u32,       // in vec4f
  half: u32,           // of the dims that turn; 0: none do
  scale: f32,          // of q
  positions: u32,      // where the lists start, in words of the arena
  destinations: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;            // per token: position; block * BLOCK_LEN + offset
@group(0) @binding(2) var<storage, read> qkv: array<vec4f>;            // [n_tokens, qkv_stride]
@group(0) @binding(3) var<storage, read> table: array<vec2f>;          // [n_positions, half]: cos and sin
@group(0) @binding(4) var<storage, read_write> q: array<vec4f>;        // [n_tokens, HEADS, DIM4]
@group(0) @binding(5) var<storage, read_write> k_cache: array<vec4f>;  // [n_blocks, KV_HEADS, DIM4, BLOCK_LEN]
@group(0) @binding(6) var<storage, read_write> v_cache: array<vec4f>;  // [n_blocks, KV_HEADS, BLOCK_LEN, DIM4]

/// Dims 4d to 4d + 3 of the head that starts at `start` of qkv, turned.
fn turned(start: u32, d: u32, position: u32) -> vec4f {
  var x = qkv[start + d];
  for (var i = 0u; i < 4u; i++) {
    let dim = d * 4u + i;
    if (dim >= 2u * params.half) { break; }
    let is_low = dim < params.half;
    let partner = select(dim - params.half, dim + params.half, is_low);
    let turn = table[position * params.half + dim % params.half];
    let y = qkv[start + partner / 4u][partner % 4u] * turn.y;
    x[i] = fma(x[i], turn.x, select(y, -y, is_low));
  }
  return x;
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  const PER_TOKEN = (HEADS + 2u * KV_HEADS) * DIM4;
  let index = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  let token = index / PER_TOKEN;
  if (token >= params.n_tokens) { return; }
  let d = index % DIM4;
  let head = index % PER_TOKEN / DIM4;  // query heads, then those of k, then those of v
  let row = token * params.qkv_stride;
  let position = arena[params.positions + token];
  if (head < HEADS) {
    q[(token * HEADS + head) * DIM4 + d] = turned(row + head * DIM4, d, position) * params.scale;
    return;
  }
  let destination = arena[params.destinations + token];
  if (destination == NOWHERE) { return; }
  let kv_head = (head - HEADS) % KV_HEADS;
  let start = (destination / BLOCK_LEN * KV_HEADS + kv_head) * DIM4 * BLOCK_LEN;
  let offset = destination % BLOCK_LEN;
  if (head < HEADS + KV_HEADS) {
    k_cache[start + d * BLOCK_LEN + offset] = turned(row + params.k_offset + kv_head * DIM4, d, position);
  } else {
    v_cache[start + offset * DIM4 + d] = qkv[row + params.v_offset + kv_head * DIM4 + d];
  }
}
