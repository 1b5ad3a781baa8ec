// q[token] = rope(q part of qkv[token]) * scale; k and v of the token go into their place in the KV cache, k rotated.
// RoPE in the rotate-half convention: of each head's first 2 half dims, i and i + half turn by position * frequency[i];
// the others stay. One thread per (token, head, 4 dims), those of a head in one workgroup.

//#import kv-f32

const HEADS: u32 = 1u;
const KV_HEADS: u32 = 1u;
const HEAD_DIM: u32 = 64u;  // a multiple of 8

const BLOCK_LEN: u32 = 16u;
const DIM4: u32 = HEAD_DIM / 4u;
const WG_SIZE: u32 = max(64u, DIM4);
const HEADS_AT_ONCE: u32 = WG_SIZE / DIM4;  // of a workgroup
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
@group(0) @binding(1) var<storage, read> arena: array<u32>;             // per token: position; block * BLOCK_LEN + offset
@group(0) @binding(2) var<storage, read> qkv: array<vec4f>;             // [n_tokens, qkv_stride]
@group(0) @binding(3) var<storage, read> table: array<vec2f>;           // [n_positions, half]: cos and sin
@group(0) @binding(4) var<storage, read_write> q: array<vec4f>;         // [n_tokens, HEADS, DIM4]
@group(0) @binding(5) var<storage, read_write> k_cache: array<KvQuad>;  // [n_blocks, KV_HEADS, KV_QUADS, BLOCK_LEN]
@group(0) @binding(6) var<storage, read_write> v_cache: array<KvQuad>;  // [n_blocks, KV_HEADS, BLOCK_LEN, KV_QUADS]

var<workgroup> sh_peak: array<f32, WG_SIZE>;

/// Dims 4d to 4d + 3 of the head that starts at `start` of qkv, its first 2 half dims turned.
fn turned(start: u32, d: u32, half: u32, position: u32) -> vec4f {
  var x = qkv[start + d];
  for (var i = 0u; i < 4u; i++) {
    let dim = d * 4u + i;
    if (dim >= 2u * half) { break; }
    let is_low = dim < half;
    let partner = select(dim - half, dim + half, is_low);
    let turn = table[position * half + dim % half];
    let y = qkv[start + partner / 4u][partner % 4u] * turn.y;
    x[i] = fma(x[i], turn.x, select(y, -y, is_low));
  }
  return x;
}

/// The highest magnitude in the head of the thread; for all threads of the workgroup to call.
fn peak_of_head(x: vec4f, lane: u32) -> f32 {
  let size = abs(x);
  sh_peak[lane] = max(max(size.x, size.y), max(size.z, size.w));
  workgroupBarrier();  // peaks of all quads are there
  let first = lane / DIM4 * DIM4;
  var peak = 0.0;
  for (var i = first; i < min(first + DIM4, WG_SIZE); i++) { peak = max(peak, sh_peak[i]); }
  return peak;
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  const PER_TOKEN = HEADS + 2u * KV_HEADS;
  let index = (group.y * n_groups.x + group.x) * HEADS_AT_ONCE + lane / DIM4;
  let has_work = lane / DIM4 < HEADS_AT_ONCE && index < params.n_tokens * PER_TOKEN;
  let token = min(index / PER_TOKEN, params.n_tokens - 1u);
  let head = index % PER_TOKEN;  // query heads, then those of k, then those of v
  let d = lane % DIM4;
  let is_query = head < HEADS;
  let is_value = head >= HEADS + KV_HEADS;
  let kv_head = (head - select(HEADS, 0u, is_query)) % KV_HEADS;

  let kv_start = select(params.k_offset, params.v_offset, is_value) + kv_head * DIM4;
  let start = token * params.qkv_stride + select(kv_start, head * DIM4, is_query);
  let x = turned(start, d, select(params.half, 0u, is_value), arena[params.positions + token]);
  var peak = 0.0;
  if (IS_SCALED) { peak = peak_of_head(x, lane); }
  if (!has_work) { return; }
  if (is_query) {
    q[(token * HEADS + head) * DIM4 + d] = x * params.scale;
    return;
  }
  let destination = arena[params.destinations + token];
  if (destination == NOWHERE) { return; }
  let block = (destination / BLOCK_LEN * KV_HEADS + kv_head) * KV_QUADS * BLOCK_LEN;
  let offset = destination % BLOCK_LEN;
  let has_scale = IS_SCALED && d == 0u;
  if (is_value) {
    v_cache[block + offset * KV_QUADS + d] = pack_quad(x, peak);
    if (has_scale) { v_cache[block + offset * KV_QUADS + DIM4] = pack_scale(peak); }
  } else {
    k_cache[block + d * BLOCK_LEN + offset] = pack_quad(x, peak);
    if (has_scale) { k_cache[block + DIM4 * BLOCK_LEN + offset] = pack_scale(peak); }
  }
}
