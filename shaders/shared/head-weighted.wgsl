// Heads of q and k times a weight for each dim, of a norm that follows the rotation. Needs HEAD_DIM.

@group(0) @binding(7) var<storage, read> q_weight: array<vec4f>;  // [HEAD_DIM / 4]
@group(0) @binding(8) var<storage, read> k_weight: array<vec4f>;  // [HEAD_DIM / 4]

fn weighted(x: vec4f, d: u32, is_query: bool) -> vec4f {
  return x * select(k_weight[d], q_weight[d], is_query);
}
