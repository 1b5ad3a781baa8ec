// Inputs and outputs of attention: the work list (the records of src/attention/plan.ts), queries, the paged K and V,
// outputs, and for rows with several items the states (softmax-state) that merge-attention joins.

//#import kv-f32

const HEAD_DIM: u32 = 64u;  // a multiple of 8

const DIM4: u32 = HEAD_DIM / 4u;
const BLOCK_LEN: u32 = 16u;
const DIRECT: u32 = 0xffffffffu;

struct Params {
  n_items: u32,
  items: u32,    // where the lists start, in words of the arena
  rows: u32,
  blocks: u32,
  group: u32,    // query heads that are computed together
  splits: u32,   // groups per kv head
  window: u32,   // keys that a query vector sees, itself among them: 2^31 for all
  softcap: f32,  // of scores; 0 for none
  segment: u32,  // keys, a multiple of TILE
  dim4: u32,     // DIM4 again, as a bound that no compiler unrolls
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;                  // Item[], Row[], block ids
@group(0) @binding(2) var<storage, read> q: array<vec4f>;                    // [n_tokens, n_heads, DIM4], scaled
@group(0) @binding(3) var<storage, read> k_cache: array<KvWord>;             // [n_blocks, n_kv_heads, KV_WORDS, BLOCK_LEN]
@group(0) @binding(4) var<storage, read> v_cache: array<KvWord>;             // [n_blocks, n_kv_heads, BLOCK_LEN, KV_WORDS]
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;            // [n_tokens, n_heads, DIM4]
@group(0) @binding(6) var<storage, read_write> partial_o: array<vec4f>;      // [n_states, n_heads, DIM4], o of a state
@group(0) @binding(7) var<storage, read_write> partial_stats: array<vec2f>;  // [n_states, n_heads], m and l of a state

struct Item {
  first_row: u32,
  n_rows: u32,
  first_block: u32,
  n_keys: u32,
  first_position: u32,
}

struct Row {
  token: u32,
  position: u32,
  state: u32,    // where its state goes, or DIRECT
}

fn read_item(index: u32) -> Item {
  let at = params.items + index * 5u;
  return Item(arena[at], arena[at + 1u], arena[at + 2u], arena[at + 3u], arena[at + 4u]);
}

/// The row of a query vector. A vector beyond the item's last computes along with the last row and is not written.
fn read_row(item: Item, query: u32) -> Row {
  let at = params.rows + (item.first_row + min(query / params.group, item.n_rows - 1u)) * 3u;
  return Row(arena[at], arena[at + 1u], arena[at + 2u]);
}

/// Keys [start, start + n_keys) of an item. Keys of a tile count from its start.
struct Tile {
  item: Item,
  kv_head: u32,
  n_kv_heads: u32,
  start: u32,
  n_keys: u32,
}

/// Where the block of a tile's key starts in the caches, in words.
fn block_start(tile: Tile, key: u32) -> u32 {
  let block = arena[params.blocks + tile.item.first_block + (tile.start + key) / BLOCK_LEN];
  return (block * tile.n_kv_heads + tile.kv_head) * KV_WORDS * BLOCK_LEN;
}

fn k_start(tile: Tile, key: u32) -> u32 {
  return block_start(tile, key) + (tile.start + key) % BLOCK_LEN;
}

fn v_start(tile: Tile, key: u32) -> u32 {
  return block_start(tile, key) + (tile.start + key) % BLOCK_LEN * KV_WORDS;
}

fn k_scale(tile: Tile, key: u32) -> f32 {
  return unpack_scale(k_cache[k_start(tile, key) + (KV_WORDS - 1u) * BLOCK_LEN]);
}

fn v_scale(tile: Tile, key: u32) -> f32 {
  return unpack_scale(v_cache[v_start(tile, key) + KV_WORDS - 1u]);
}
