// k[to] = k[from], v[to] = v[from] for a list of tokens, in all heads: a block that two sequences go on with differently is
// copied up to where they part. One thread per (copy, kv head, word). No token is both copied from and copied to.

//#import kv-f32

const KV_HEADS: u32 = 1u;
const HEAD_DIM: u32 = 64u;
const WG_SIZE: u32 = 64u;

const BLOCK_LEN: u32 = 16u;

struct Params {
  n_copies: u32,
  copies: u32,  // where the list starts, in words of the arena
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;             // per copy: from, to, as block * BLOCK_LEN + offset
@group(0) @binding(2) var<storage, read_write> k_cache: array<KvWord>;  // [n_blocks, KV_HEADS, KV_WORDS, BLOCK_LEN]
@group(0) @binding(3) var<storage, read_write> v_cache: array<KvWord>;  // [n_blocks, KV_HEADS, BLOCK_LEN, KV_WORDS]

fn k_at(token: u32, kv_head: u32, w: u32) -> u32 {
  return ((token / BLOCK_LEN * KV_HEADS + kv_head) * KV_WORDS + w) * BLOCK_LEN + token % BLOCK_LEN;
}

fn v_at(token: u32, kv_head: u32, w: u32) -> u32 {
  return ((token / BLOCK_LEN * KV_HEADS + kv_head) * BLOCK_LEN + token % BLOCK_LEN) * KV_WORDS + w;
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  let copy = index / (KV_HEADS * KV_WORDS);
  if (copy >= params.n_copies) { return; }
  let kv_head = index / KV_WORDS % KV_HEADS;
  let w = index % KV_WORDS;
  let word = params.copies + copy * 2u;
  let source = arena[word];
  let target_token = arena[word + 1u];
  k_cache[k_at(target_token, kv_head, w)] = k_cache[k_at(source, kv_head, w)];
  v_cache[v_at(target_token, kv_head, w)] = v_cache[v_at(source, kv_head, w)];
}
