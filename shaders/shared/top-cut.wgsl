// The cut of top-k and top-p: the largest key t such that the tokens of key >= t weigh at least a target together.
// Radix select without sorting: four passes over the row, each fixing one byte of t from a histogram of weights.
// Weights are fixed-point integers of 64 bits (low word, high word): their sums are exact, the same in any order.
// Needs: logits, params.vocab, WG_SIZE, float_key.

var<workgroup> sh_low: array<atomic<u32>, 256>;
var<workgroup> sh_high: array<atomic<u32>, 256>;
var<workgroup> sh_prefix: u32;    // the bytes of t found so far, lower ones 0
var<workgroup> sh_missing: vec2u; // weight still to be found below the bytes found so far

struct Cut {
  floor: u32,    // key; tokens below it do not exist here
  k: u32,        // > 0: every token weighs 1, the target is k
  share: f32,    // if k is 0: a token weighs exp((logit - best) / temperature), the target is this share of the sum
  best: f32,     // logit
  temperature: f32,
}

fn top_cut(lane: u32, start: u32, cut: Cut) -> u32 {
  if (lane == 0u) {
    sh_prefix = 0u;
    sh_missing = vec2u(cut.k, 0u);
  }
  for (var round = 0u; round < 4u; round++) {
    let shift = 24u - 8u * round;
    for (var bin = lane; bin < 256u; bin += WG_SIZE) {
      atomicStore(&sh_low[bin], 0u);
      atomicStore(&sh_high[bin], 0u);
    }
    workgroupBarrier();
    for (var token = lane; token < params.vocab; token += WG_SIZE) {
      let bits = logits[start + token];
      let key = float_key(bits);
      // the shift is split, because one by 32 is none
      let is_candidate = key >= cut.floor && (((key ^ sh_prefix) >> shift) >> 8u) == 0u;
      if (!is_candidate) { continue; }
      var weight = vec2u(1u, 0u);
      if (cut.k == 0u) { weight = fixed(exp(scaled(bits, cut.best, cut.temperature))); }
      let bin = (key >> shift) % 256u;
      let old = atomicAdd(&sh_low[bin], weight.x);
      let high = weight.y + u32(old + weight.x < old);
      if (high > 0u) { atomicAdd(&sh_high[bin], high); }
    }
    workgroupBarrier();
    if (lane == 0u) {
      if (round == 0u && cut.k == 0u) { sh_missing = share_of_bins(cut.share); }
      take_byte(shift);
    }
    workgroupBarrier();
  }
  return workgroupUniformLoad(&sh_prefix);
}

// Goes down the bins while they weigh too little together; the bin that reaches the target holds t.
fn take_byte(shift: u32) {
  var missing = sh_missing;
  var bin = 255u;
  for (; bin > 0u; bin--) {
    let weight = bin_weight(bin);
    let is_enough = weight.y > missing.y || (weight.y == missing.y && weight.x >= missing.x);
    if (is_enough) { break; }
    missing = vec2u(missing.x - weight.x, missing.y - weight.y - u32(missing.x < weight.x));
  }
  sh_missing = missing;
  sh_prefix |= bin << shift;
}

fn share_of_bins(share: f32) -> vec2u {
  var sum = vec2u();
  for (var bin = 0u; bin < 256u; bin++) {
    let weight = bin_weight(bin);
    let low = sum.x + weight.x;
    sum = vec2u(low, sum.y + weight.y + u32(low < sum.x));
  }
  return fixed((f32(sum.y) * 0x1p-8f + f32(sum.x) * 0x1p-40f) * share);
}

fn bin_weight(bin: u32) -> vec2u {
  return vec2u(atomicLoad(&sh_low[bin]), atomicLoad(&sh_high[bin]));
}

// Units of 2^-40: the best token weighs 2^40, 2^18 such tokens 2^58, and what 2^18 tokens lose to rounding stays below
// 2^-22 of it.
fn fixed(x: f32) -> vec2u {
  let high = floor(x * 0x1p8f);
  return vec2u(u32((x * 0x1p8f - high) * 0x1p32f), u32(high));
}
