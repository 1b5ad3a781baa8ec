// out[token] = o / l of the states of its keys' parts, joined from left to right, as attention joins the segments
// of an item (softmax-state). One thread per (merge, head, 4 dims).

//#import softmax-state

const WG_SIZE: u32 = 64u;

struct Params {
  n_merges: u32,
  merges: u32,    // where the list starts, in words of the arena
  heads: u32,
  dim4: u32,      // of a head, in vec4f
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;            // merges: (token, first state, number of states)
@group(0) @binding(2) var<storage, read> partial_o: array<vec4f>;      // [n_states, heads, dim4], o of a state
@group(0) @binding(3) var<storage, read> partial_stats: array<vec2f>;  // [n_states, heads], m and l of a state
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;      // [n_tokens, heads, dim4]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  let row_len = params.heads * params.dim4;
  let merge = index / row_len;
  if (merge >= params.n_merges) { return; }
  let at = index % row_len;
  let word = params.merges + merge * 3u;
  let token = arena[word];
  let first = arena[word + 1u];
  let end = first + arena[word + 2u];

  var highest = vec4f(EMPTY);
  var sum = vec4f();
  var o = vec4f();
  for (var state = first; state < end; state++) {
    let stats = partial_stats[state * params.heads + at / params.dim4];
    let high = max(highest, vec4f(stats.x));
    let weight = state_weight(highest, high);
    let next_weight = state_weight(vec4f(stats.x), high);
    sum = join_sums(sum, weight, vec4f(stats.y), next_weight);
    o = join_sums(o, weight, partial_o[state * row_len + at], next_weight);
    highest = high;
  }
  out[token * row_len + at] = o * inverse_sum(sum);
}
