// out[token] = sum_i 2^(lse_i - m) o_i / sum_i 2^(lse_i - m), m = max lse: joins the partial results of a row, in slot
// order (Hydragen, arXiv:2402.05099 §3.1, in base 2). One thread per (merge, head, 4 dims).

const HEADS: u32 = 1u;
const HEAD_DIM: u32 = 64u;
const WG_SIZE: u32 = 64u;

const DIM4: u32 = HEAD_DIM / 4u;
const EMPTY: f32 = -1e30;  // lse of a part without keys

struct Params {
  n_merges: u32,
  merges: u32,    // where the list starts, in words of the arena
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;           // merges: (token, first slot, number of slots)
@group(0) @binding(2) var<storage, read> partial_o: array<vec4f>;     // [n_slots, HEADS, DIM4]
@group(0) @binding(3) var<storage, read> partial_lse: array<f32>;     // [n_slots, HEADS]
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;     // [n_tokens, HEADS, DIM4]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  let merge = index / (HEADS * DIM4);
  if (merge >= params.n_merges) { return; }
  let at = index % (HEADS * DIM4);  // within a row
  let word = params.merges + merge * 3u;
  let token = arena[word];
  let first = arena[word + 1u];
  let end = first + arena[word + 2u];

  var highest = EMPTY;
  for (var slot = first; slot < end; slot++) { highest = max(highest, partial_lse[slot * HEADS + at / DIM4]); }
  var sum = 0f;
  var o = vec4f(0);
  for (var slot = first; slot < end; slot++) {
    let lse = partial_lse[slot * HEADS + at / DIM4];
    let weight = select(exp2(lse - highest), 0f, lse == EMPTY);
    sum += weight;
    o = fma(vec4f(weight), partial_o[slot * HEADS * DIM4 + at], o);
  }
  out[token * HEADS * DIM4 + at] = select(vec4f(0), o / sum, sum > 0f);
}
