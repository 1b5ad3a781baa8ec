// y[i] = x[rows[i]]: copies the rows that the step arena lists. One thread per element of y.

const WG_SIZE: u32 = 256u;

struct Params {
  n_rows: u32,     // of y
  row_len: u32,    // in elements
  first_row: u32,  // where the list of rows starts in the arena, in words
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> arena: array<u32>;    // [>= first_row + n_rows]
@group(0) @binding(2) var<storage, read> x: array<f32>;        // [> any listed row, row_len]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // [n_rows, row_len]

@compute @workgroup_size(WG_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) n_groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let element = (group.y * n_groups.x + group.x) * WG_SIZE + lane;
  if (element >= params.n_rows * params.row_len) { return; }
  let row = arena[params.first_row + element / params.row_len];
  y[element] = x[row * params.row_len + element % params.row_len];
}
