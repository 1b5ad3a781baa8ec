// q[token] = rope(q part of qkv[token]) * log2(e) / sqrt(HEAD_DIM); k and v of the token go into their place in the
// KV cache, k rotated. RoPE in the rotate-half convention: dims i and i + HEAD_DIM/2 turn by position * frequency[i].
// One thread per (token, head, 4 dims and their partners).

const HEADS: u32 = 1u;
const KV_HEADS: u32 = 1u;
const HEAD_DIM: u32 = 64u;  // a multiple of 8
const WG_SIZE: u32 = 64u;

const BLOCK_LEN: u32 = 16u;
const DIM4: u32 = HEAD_DIM / 4u;
const HALF: u32 = DIM4 / 2u;
const NOWHERE: u32 = 0xffffffffu;
const SCALE: f32 = 1.4426950408889634 / sqrt(f32(HEAD_DIM));  // scores in base 2

struct Params {
  n_tokens: u32,
  qkv_stride: u32,     // in vec4f
  k_offset: u32,       // in vec4f
  v_offset: u32,       // in vec4f
  positions: u32,      // where the lists start, in words of the arena
  destinations: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;            // per token: position; block * BLOCK_LEN + offset
@group(0) @binding(2) var<storage, read> qkv: array<vec4f>;            // [n_tokens, qkv_stride]
@group(0) @binding(3) var<storage, read> table: array<vec4f>;          // [n_positions, HALF, 2]: cos sin cos sin
@group(0) @binding(4) var<storage, read_write> q: array<vec4f>;        // [n_tokens, HEADS, DIM4]
@group(0) @binding(5) var<storage, read_write> k_cache: array<vec4f>;  // [n_blocks, KV_HEADS, DIM4, BLOCK_LEN]
@group(0) @binding(6) var<storage, read_write> v_cache: array<vec4f>;  // [n_blocks, KV_HEADS, BLOCK_LEN, DIM4]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  const PER_TOKEN = (HEADS + 2u * KV_HEADS) * HALF;
  let index = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  let token = index / PER_TOKEN;
  if (token >= params.n_tokens) { return; }
  let d = index % HALF;
  let head = index % PER_TOKEN / HALF;  // query heads, then those of k, then those of v
  let is_query = head < HEADS;
  let is_key = head < HEADS + KV_HEADS;
  let kv_head = (head - select(HEADS, 0u, is_query)) % KV_HEADS;

  let part = select(select(params.v_offset + kv_head * DIM4, params.k_offset + kv_head * DIM4, is_key), head * DIM4, is_query);
  let at = token * params.qkv_stride + part + d;
  var low = qkv[at];
  var high = qkv[at + HALF];
  if (is_key) {
    let turn = (arena[params.positions + token] * HALF + d) * 2u;
    let first = table[turn];
    let second = table[turn + 1u];
    let cosines = vec4f(first.xz, second.xz);
    let sines = vec4f(first.yw, second.yw);
    let turned = fma(low, cosines, -high * sines);
    high = fma(high, cosines, low * sines);
    low = turned;
  }
  if (is_query) {
    q[(token * HEADS + head) * DIM4 + d] = low * SCALE;
    q[(token * HEADS + head) * DIM4 + d + HALF] = high * SCALE;
    return;
  }
  let destination = arena[params.destinations + token];
  if (destination == NOWHERE) { return; }
  let start = (destination / BLOCK_LEN * KV_HEADS + kv_head) * DIM4 * BLOCK_LEN;
  let offset = destination % BLOCK_LEN;
  if (is_key) {
    k_cache[start + d * BLOCK_LEN + offset] = low;
    k_cache[start + (d + HALF) * BLOCK_LEN + offset] = high;
  } else {
    v_cache[start + offset * DIM4 + d] = low;
    v_cache[start + offset * DIM4 + d + HALF] = high;
  }
}
