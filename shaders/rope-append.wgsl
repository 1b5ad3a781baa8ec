// q[token] = rope(q part of qkv[token]) * scale; k and v of the token go into their place in the KV cache, k rotated.
// RoPE in the rotate-half convention: of each head's first 2 half dims, i and i + half turn by position * frequency[i];
// the others stay. q grows with the logarithm of its position if it is told to. One thread per (token, head, 4 dims), those of a
// head in one workgroup.

//#import kv-f32
//#import head-plain

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
  growth: f32,         // of q's scale; 0: it stays
  growth_len: u32,     // positions that have the same scale
  positions: u32,      // where the lists start, in words of the arena
  destinations: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;             // per token: position; block * BLOCK_LEN + offset
@group(0) @binding(2) var<storage, read> qkv: array<vec4f>;             // [n_tokens, qkv_stride]
@group(0) @binding(3) var<storage, read> table: array<vec2f>;           // [n_positions, half]: cos and sin
@group(0) @binding(4) var<storage, read_write> q: array<vec4f>;         // [n_tokens, HEADS, DIM4]
@group(0) @binding(5) var<storage, read_write> k_cache: array<KvWord>;  // [n_blocks, KV_HEADS, KV_WORDS, BLOCK_LEN]
@group(0) @binding(6) var<storage, read_write> v_cache: array<KvWord>;  // [n_blocks, KV_HEADS, BLOCK_LEN, KV_WORDS]

var<workgroup> sh_range: array<vec2f, WG_SIZE>;

/// Dims 4d to 4d + 3 of a head of q or k that starts at `start` of qkv, its first 2 half dims turned.
fn turned(start: u32, d: u32, position: u32, is_query: bool) -> vec4f {
  let half = params.half;
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
  return weighted(x, d, is_query);
}

fn loaded(start: u32, d: u32, position: u32, is_query: bool, is_value: bool) -> vec4f {
  if (is_value) { return qkv[start + d]; }
  return turned(start, d, position, is_query);
}

/// The lowest and the highest value of the thread's group of quads; for all threads of the workgroup to call.
fn range_of_group(x: vec4f, lane: u32) -> vec2f {
  sh_range[lane] = vec2f(min(min(x.x, x.y), min(x.z, x.w)), max(max(x.x, x.y), max(x.z, x.w)));
  workgroupBarrier();  // ranges of all quads are there
  let d = lane % DIM4;
  let end = lane - d + min((d / KV_GROUP + 1u) * KV_GROUP, DIM4);
  var range = sh_range[lane];
  for (var i = lane - d % KV_GROUP; i < min(end, WG_SIZE); i++) {
    range = vec2f(min(range.x, sh_range[i].x), max(range.y, sh_range[i].y));
  }
  return range;
}

fn write_word(is_value: bool, block: u32, offset: u32, w: u32, word: KvWord) {
  if (is_value) {
    v_cache[block + offset * KV_WORDS + w] = word;
  } else {
    k_cache[block + w * BLOCK_LEN + offset] = word;
  }
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
  let position = arena[params.positions + token];
  let x = loaded(start, d, position, is_query, is_value);
  var range = vec2f();
  if (KV_GROUP > 1u) { range = range_of_group(x, lane); }
  if (!has_work) { return; }
  if (is_query) {
    let grown = fma(params.growth, log(f32(1u + position / params.growth_len)), 1f);
    q[(token * HEADS + head) * DIM4 + d] = x * (params.scale * grown);
    return;
  }
  let destination = arena[params.destinations + token];
  if (destination == NOWHERE) { return; }
  let block = (destination / BLOCK_LEN * KV_HEADS + kv_head) * KV_WORDS * BLOCK_LEN;
  let offset = destination % BLOCK_LEN;
  if (d % WORD_QUADS == 0u) {
    var next = x;
    if (WORD_QUADS > 1u) { next = loaded(start, d + 1u, position, is_query, is_value); }
    write_word(is_value, block, offset, d / WORD_QUADS, pack_quads(x, next, range));
  }
  if (KV_GROUP > 1u && d % KV_GROUP == 0u) {
    write_word(is_value, block, offset, DIM4 / WORD_QUADS + d / KV_GROUP, pack_range(range));
  }
}
