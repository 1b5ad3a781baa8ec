// x[i] = scale * w[token(i)] (+ x[i]): the embedding of each token, read from the packed matrix. One workgroup per token.
// A token word with its top bit set names a slot instead: the token that was last drawn there, without a readback.

//#import weights-f32

const WG_SIZE: u32 = 64u;
const FROM_SLOT: u32 = 0x80000000u;

struct Params {
  n_tokens: u32,
  first_token: u32,  // where the token words start in the arena
  n_blocks: u32,     // of one row of w
  n_rows: u32,       // of this slice of the matrix
  first_row: u32,    // of this slice, in the whole matrix
  scale: f32,
  accumulate: u32,   // 1: add to what x holds
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> arena: array<u32>;
@group(0) @binding(3) var<storage, read> last_tokens: array<u32>;  // [slots]
@group(0) @binding(4) var<storage, read_write> x: array<vec4f>;    // [n_tokens, n_blocks * BLOCK_QUADS]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.y * n_groups.x + group.x;
  if (i >= params.n_tokens) { return; }
  var token = arena[params.first_token + i];
  if (token >= FROM_SLOT) { token = last_tokens[token - FROM_SLOT]; }
  // each token lies in one slice of the matrix; the dispatch of that slice writes its row
  if (token < params.first_row || token - params.first_row >= params.n_rows) { return; }
  let row = token - params.first_row;

  let first_block = (row / 16u) * params.n_blocks * 16u + row % 16u;
  for (var k_block = lane; k_block < params.n_blocks; k_block += WG_SIZE) {
    let block = load_block(first_block + k_block * 16u);
    for (var q = 0u; q < BLOCK_QUADS; q++) {
      let at = (i * params.n_blocks + k_block) * BLOCK_QUADS + q;
      var before = vec4f(0);
      if (params.accumulate != 0u) { before = x[at]; }
      x[at] = fma(block_quad(block, q), vec4f(params.scale), before);
    }
  }
}
