// factor(m) = 1 / sqrt(mean of squares + eps): what x of token m still lacks to be an RMSNorm's output if `outputs-residual`
// left it and its sums of squares; else 1. The sums are added in 16 chains, and these in order, in every kernel.
// Needs OUT_TOKENS and WG_SIZE of the kernel, and Params with n_blocks, first_sum and eps.

const CHAINS: u32 = 16u;

@group(0) @binding(7) var<storage, read> x_sums: array<f32>;  // from first_sum on [n_tokens, cols / 16]

var<workgroup> sh_factors: array<f32, OUT_TOKENS * CHAINS>;

/// To be called by all threads, before any calls factor().
fn compute_factors(first_token: u32, lane: u32) {
  if (params.first_sum == 0u) { return; }
  let cols = params.n_blocks * BLOCK_QUADS * 4u;
  let n_sums = (cols + 15u) / 16u;
  let n_tokens = tokens_from(first_token);
  for (var i = lane; i < n_tokens * CHAINS; i += WG_SIZE) {
    let start = params.first_sum + (first_token + i / CHAINS) * n_sums;
    var sum = 0f;
    for (var tile = i % CHAINS; tile < n_sums; tile += CHAINS) { sum += x_sums[start + tile]; }
    sh_factors[i] = sum;
  }
  workgroupBarrier();
  for (var m = lane; m < n_tokens; m += WG_SIZE) {
    var total = 0f;
    for (var c = 0u; c < CHAINS; c++) { total += sh_factors[m * CHAINS + c]; }
    sh_factors[m * CHAINS] = inverseSqrt(fma(total, 1f / f32(cols), params.eps));
  }
  workgroupBarrier();
}

fn factor(m: u32) -> f32 {
  if (params.first_sum == 0u) { return 1f; }
  return sh_factors[m * CHAINS];
}
