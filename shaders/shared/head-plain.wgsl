// Heads of q and k as they are once they have turned.

fn weighted(x: vec4f, d: u32, is_query: bool) -> vec4f {
  return x;
}
