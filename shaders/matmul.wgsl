// y[m][n] = sum over k of x[m][k] * w[n][k] (+ bias[n]) (+ y[m][n]), for many tokens m.
// A thread computes OUTPUTS rows of w for TOKENS tokens: weights go from memory straight to its registers,
// and all threads of a workgroup read the same x. The order of summation is that of matmul-io.

//#import weights-f32
//#import matmul-io

const WG_SIZE: u32 = 64u;
const TOKENS: u32 = 16u;    // per thread
const OUTPUTS: u32 = 1u;    // per thread

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // x runs over tokens, so that workgroups in flight together share weights, which are larger than x
  let first_token = group.x * TOKENS;
  let first_row = (group.z * n_groups.y + group.y) * WG_SIZE * OUTPUTS;
  if (first_row >= params.n_rows) { return; }

  // threads and tokens past the end repeat the last one, and store nothing
  var block_ix: array<u32, OUTPUTS>;
  for (var r = 0u; r < OUTPUTS; r++) {
    block_ix[r] = first_block(min(first_row + r * WG_SIZE + lane, params.n_rows - 1u));
  }
  var x_ix: array<u32, TOKENS>;
  for (var m = 0u; m < TOKENS; m++) {
    x_ix[m] = min(first_token + m, params.n_tokens - 1u) * ROW_QUADS;
  }

  var total: array<f32, TOKENS * OUTPUTS>;
  var sum: array<f32, TOKENS * OUTPUTS>;
  for (var slice = 0u; slice < SLICES; slice++) {
    for (var i = 0u; i < SLICE_BLOCKS; i++) {
      let k_block = slice * SLICE_BLOCKS + i;
      if (k_block >= N_BLOCKS) { break; }
      var block: array<Block, OUTPUTS>;
      for (var r = 0u; r < OUTPUTS; r++) { block[r] = load_block(block_ix[r] + k_block * 16u); }
      for (var q = 0u; q < BLOCK_QUADS; q++) {
        var w: array<vec4f, OUTPUTS>;
        for (var r = 0u; r < OUTPUTS; r++) { w[r] = block_quad(block[r], q); }
        for (var m = 0u; m < TOKENS; m++) {
          let v = x[x_ix[m] + k_block * BLOCK_QUADS + q];
          for (var r = 0u; r < OUTPUTS; r++) {
            sum[m * OUTPUTS + r] = add_products(w[r], v, sum[m * OUTPUTS + r]);
          }
        }
      }
    }
    for (var j = 0u; j < TOKENS * OUTPUTS; j++) {
      total[j] += sum[j];
      sum[j] = 0f;
    }
  }

  for (var m = 0u; m < TOKENS; m++) {
    for (var r = 0u; r < OUTPUTS; r++) {
      store(first_token + m, first_row + r * WG_SIZE + lane, total[m * OUTPUTS + r]);
    }
  }
}
