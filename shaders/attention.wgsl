// out[row] = softmax(q[row] K^T) V over the keys of one work item, base 2, causal by position, within a window. A decode,
// a chunk of a prompt, a part of a long context and a prefix shared by many sequences are all items; one workgroup per
// (item, group of query heads). The heads of a group have one kv head and are query vectors like any other: K and V are
// read once for all.
//
// Each segment of keys gets a softmax state of its own by online softmax (FlashAttention-2, arXiv:2307.08691) in tiles
// of TILE keys; states are joined from left to right. A row with several items is joined from their states by
// merge-attention in the same way. So the bits of a row depend on its q, its keys and the length of a segment, never on
// how its keys were cut, on QUERIES, or on the other rows: all sums are fma chains over dims and keys in one order.
//
// Query vectors go in quads, so that a K or V value read once serves four. Loops have bounds from parameters and lists:
// with constant ones compilers unroll them all and take a minute.

//#import attention-io
//#import attention-scores
//#import attention-tile
//#import softmax-state

const QUERIES: u32 = 32u;  // capacity in query vectors (rows x query heads per kv head), a multiple of 4
const WG_SIZE: u32 = 64u;  // a multiple of QUADS, at least 8 QUADS, DIM4 and TILE

const QUADS: u32 = QUERIES / 4u;
const QUAD_STRIDE: u32 = WG_SIZE / DIM4;
const UNITS: u32 = (QUADS + QUAD_STRIDE - 1u) / QUAD_STRIDE;  // a thread sums 4 dims for UNITS quads: a v serves all

var<workgroup> sh_q: array<vec4f, HEAD_DIM * QUADS>;  // [HEAD_DIM][QUADS]; at the end the outputs, [QUERIES][DIM4]
var<workgroup> sh_p: array<vec4f, TILE * QUADS>;      // [TILE][QUADS]: scores, then probabilities (times scale)
var<workgroup> sh_scale: array<f32, TILE>;            // of values, where IS_SCALED
var<workgroup> sh_parts: array<vec4f, 8u * QUADS>;    // [8][QUADS]: of the tile's highest scores; of the segment's sums
var<workgroup> sh_weight: array<vec4f, QUADS>;        // of the sums so far
var<workgroup> sh_next_weight: array<vec4f, QUADS>;   // of the segment's sums
var<workgroup> sh_highest: array<vec4f, QUADS>;       // at the end
var<workgroup> sh_sum: array<vec4f, QUADS>;

/// The first quad that a thread sums dims for; some threads may have none.
fn first_quad_of(lane: u32) -> u32 {
  return select(QUADS, lane / DIM4, lane < QUAD_STRIDE * DIM4);
}

/// The sums of 4 dims for a quad, and one value more. A column per query vector.
fn add_value(sums: mat4x4f, p: vec4f, value: vec4f) -> mat4x4f {
  return mat4x4f(
    fma(vec4f(p.x), value, sums[0]),
    fma(vec4f(p.y), value, sums[1]),
    fma(vec4f(p.z), value, sums[2]),
    fma(vec4f(p.w), value, sums[3]),
  );
}

/// The sum of a quad's 8 parts.
fn sum_of_parts(quad: u32) -> vec4f {
  var sums: array<vec4f, 4>;
  for (var i = 0u; i < 4u; i++) { sums[i] = sh_parts[2u * i * QUADS + quad] + sh_parts[(2u * i + 1u) * QUADS + quad]; }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let item_ix = group.y * n_groups.x + group.x;
  if (item_ix >= params.n_items) { return; }
  let item = read_item(item_ix);
  let n_heads = n_groups.z * params.group;
  let first_head = group.z * params.group;
  let n_queries = item.n_rows * params.group;
  let n_quads = (n_queries + 3u) / 4u;

  let my_quad = lane % QUADS;
  let residue = lane / QUADS;
  let weighs = residue < 8u && my_quad < n_quads;  // the thread turns its quad's scores for every eighth key to probabilities
  var q_start: vec4u;
  var positions: vec4u;
  for (var j = 0u; j < 4u; j++) {
    let row = read_row(item, my_quad * 4u + j);
    q_start[j] = (row.token * n_heads + first_head + (my_quad * 4u + j) % params.group) * DIM4;
    positions[j] = row.position;
  }
  for (var d = residue; d < params.dim4; d += WG_SIZE / QUADS) {
    let x = transpose(mat4x4f(q[q_start.x + d], q[q_start.y + d], q[q_start.z + d], q[q_start.w + d]));
    for (var i = 0u; i < 4u; i++) { sh_q[(d * 4u + i) * QUADS + my_quad] = x[i]; }
  }
  workgroupBarrier();

  let column = lane % DIM4;
  let first_quad = first_quad_of(lane);
  var total_o: array<mat4x4f, UNITS>;  // a column per query vector of the unit's quad
  var total_highest = vec4f(EMPTY);    // of quad `lane`, if there is one
  var total_sum = vec4f();
  var o: array<mat4x4f, UNITS>;
  for (var segment = 0u; segment < item.n_keys; segment += params.segment) {
    let end = min(segment + params.segment, item.n_keys);
    var highest = vec4f(EMPTY);
    var sum = vec4f();
    for (var u = 0u; u < UNITS; u++) { o[u] = mat4x4f(); }

    for (var start = segment; start < end; start += TILE) {
      let n_keys = min(TILE, end - start);
      let tile = Tile(item, group.z / params.splits, n_groups.z / params.splits, start, n_keys);

      if (IS_SCALED && lane < n_keys) { sh_scale[lane] = v_scale(tile, lane); }
      score_tile(tile, positions, n_quads, lane);
      workgroupBarrier();  // scores are there

      if (weighs) {
        var high = vec4f(EMPTY);
        for (var key = residue; key < n_keys; key += 8u) { high = max(high, sh_p[key * QUADS + my_quad]); }
        sh_parts[lane] = high;
      }
      workgroupBarrier();  // the highest of each eighth is there

      if (weighs) {
        var high = highest;
        for (var i = my_quad; i < 8u * QUADS; i += QUADS) { high = max(high, sh_parts[i]); }
        let weight = state_weight(highest, high);
        var tile_sum = vec4f();
        for (var key = residue; key < n_keys; key += 8u) {
          let p = probabilities(sh_p[key * QUADS + my_quad], high);
          tile_sum += p;
          sh_p[key * QUADS + my_quad] = p;
          if (IS_SCALED) { sh_p[key * QUADS + my_quad] = p * sh_scale[key]; }
        }
        sum = fma(sum, weight, tile_sum);
        highest = high;
        if (residue == 0u) { sh_weight[my_quad] = weight; }
      }
      workgroupBarrier();  // probabilities and weights are there

      for (var u = 0u; u < UNITS; u++) {
        let weight = sh_weight[min(first_quad + u * QUAD_STRIDE, QUADS - 1u)];
        o[u] = mat4x4f(o[u][0] * weight.x, o[u][1] * weight.y, o[u][2] * weight.z, o[u][3] * weight.w);
      }
      add_values(tile, n_quads, &o, lane);
      workgroupBarrier();  // probabilities are read
    }

    if (weighs) { sh_parts[lane] = sum; }
    workgroupBarrier();  // sums of all eighths are there
    if (lane < n_quads) {
      let high = max(total_highest, highest);
      sh_weight[lane] = state_weight(total_highest, high);
      sh_next_weight[lane] = state_weight(highest, high);
      total_sum = join_sums(total_sum, sh_weight[lane], sum_of_parts(lane), sh_next_weight[lane]);
      total_highest = high;
    }
    workgroupBarrier();  // weights of the segment are there
    for (var u = 0u; u < UNITS; u++) {
      let quad = first_quad + u * QUAD_STRIDE;
      if (quad >= n_quads) { break; }
      for (var j = 0u; j < 4u; j++) {
        total_o[u][j] = join_sums(total_o[u][j], vec4f(sh_weight[quad][j]), o[u][j], vec4f(sh_next_weight[quad][j]));
      }
    }
  }

  for (var u = 0u; u < UNITS; u++) {
    let quad = first_quad + u * QUAD_STRIDE;
    if (quad >= n_quads) { break; }
    for (var j = 0u; j < 4u; j++) { sh_q[(quad * 4u + j) * DIM4 + column] = total_o[u][j]; }
  }
  if (lane < n_quads) {
    sh_highest[lane] = total_highest;
    sh_sum[lane] = total_sum;
  }
  workgroupBarrier();

  for (var i = lane; i < n_queries * params.dim4; i += WG_SIZE) {
    let query = i / DIM4;
    let row = read_row(item, query);
    let head = first_head + query % params.group;
    let stats = vec2f(sh_highest[query / 4u][query % 4u], sh_sum[query / 4u][query % 4u]);
    if (row.state == DIRECT) {
      out[(row.token * n_heads + head) * DIM4 + i % DIM4] = sh_q[i] * inverse_sum(vec4f(stats.y));
    } else {
      partial_o[(row.state * n_heads + head) * DIM4 + i % DIM4] = sh_q[i];
      if (i % DIM4 == 0u) { partial_stats[row.state * n_heads + head] = stats; }
    }
  }
}
