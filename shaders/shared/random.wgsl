// Random numbers as a function of (key, counter), so that every thread makes its own without any state.

// Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
fn threefry(key: vec2u, counter: vec2u) -> vec2u {
  let extra = key.x ^ key.y ^ 0x1bd11bdau;
  var x = even_rounds(counter + key) + vec2u(key.y, extra + 1u);
  x = odd_rounds(x) + vec2u(extra, key.x + 2u);
  x = even_rounds(x) + vec2u(key.x, key.y + 3u);
  x = odd_rounds(x) + vec2u(key.y, extra + 4u);
  return even_rounds(x) + vec2u(extra, key.x + 5u);
}

fn even_rounds(x: vec2u) -> vec2u {
  return threefry_round(threefry_round(threefry_round(threefry_round(x, 13u), 15u), 26u), 6u);
}

fn odd_rounds(x: vec2u) -> vec2u {
  return threefry_round(threefry_round(threefry_round(threefry_round(x, 17u), 29u), 16u), 24u);
}

fn threefry_round(x: vec2u, rotation: u32) -> vec2u {
  let sum = x.x + x.y;
  return vec2u(sum, ((x.y << rotation) | (x.y >> (32u - rotation))) ^ sum);
}

// A standard Gumbel variate, -log(-log(1 - v)) with v in (0, 1) from 32 random bits. A draw among many tokens is decided
// by the largest variates, so by the smallest v: those keep 24 significant bits, and log(1 - v), which WGSL allows to be
// 2^-21 off, is a series there.
fn gumbel(bits: u32) -> f32 {
  let v = min((f32(bits) + 0.5f) * 0x1p-32f, 0x0.ffffffp0f);
  let series = v * (1f + v * (0.5f + v * (0.33333333f + v * (0.25f + v * (0.2f + v * 0.16666667f)))));
  return -log(select(-log(1f - v), series, v < 0.0625f));
}
