// Where the blocks of a tile of keys lie, brought by memory before they are needed. Part of attention-subgroup.

alias BlockStarts = array<u32, TILE / BLOCK_LEN>;

/// Reads from the first 8 lines of a block's keys and of its values, a thread from each: memory then brings them, and what
/// follows, at the same time, where threads would wait for one after another. Returns `start`.
fn fetched(start: u32, lane: u32) -> u32 {
  let at = start + min(lane * LINE_WORDS, KV_WORDS * BLOCK_LEN - 1u);
  let read = k_quads(at, 0u)[0].x + v_quads(at, 0u)[0].x;
  return select(start, bitcast<u32>(read), params.segment == 0u);  // never, but no compiler knows
}

/// Where the tile's blocks start in the caches. What is beyond the last key counts as part of its block.
fn block_starts(tile: Tile, lane: u32) -> BlockStarts {
  var starts: BlockStarts;
  for (var i = 0u; i < TILE / BLOCK_LEN; i++) {
    starts[i] = fetched(block_start(tile, min(i * BLOCK_LEN, tile.n_keys - 1u)), lane);
  }
  return starts;
}
