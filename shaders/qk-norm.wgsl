// Norms q and k where they lie, in rows of qkv: vector v of q becomes v * q_weight / sqrt(mean(v^2) + eps), and so with k.
// A vector is a head, or all heads together. One workgroup per vector.

//#import row-sum

struct Params {
  n_tokens: u32,
  stride: u32,     // of qkv, in elements
  k_offset: u32,   // of the first k in a token's stride
  q_vectors: u32,  // of a token
  k_vectors: u32,
  q_len: u32,      // of a vector, in elements
  k_len: u32,
  eps: f32,
  is_weighted: u32,  // 0: weights are 1
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q_weight: array<f32>;   // [q_len]
@group(0) @binding(2) var<storage, read> k_weight: array<f32>;   // [k_len]
@group(0) @binding(3) var<storage, read_write> qkv: array<f32>;  // [n_tokens, stride]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let vectors = params.q_vectors + params.k_vectors;
  let index = group.y * n_groups.x + group.x;
  let token = index / vectors;
  if (token >= params.n_tokens) { return; }
  let vector = index % vectors;
  let is_query = vector < params.q_vectors;
  let len = select(params.k_len, params.q_len, is_query);
  let k_start = params.k_offset + (vector - params.q_vectors) * params.k_len;
  let start = token * params.stride + select(k_start, vector * params.q_len, is_query);

  var sum = 0f;
  for (var i = lane; i < len; i += WG_SIZE) {
    let value = qkv[start + i];
    sum = fma(value, value, sum);
  }
  let scale = inverseSqrt(row_sum(lane, sum) / f32(len) + params.eps);
  for (var i = lane; i < len; i += WG_SIZE) {
    let weight = select(k_weight[min(i, params.k_len - 1u)], q_weight[min(i, params.q_len - 1u)], is_query);
    qkv[start + i] = qkv[start + i] * scale * select(1f, weight, params.is_weighted != 0u);
  }
}
