// Nothing: what a dispatch costs by itself. It has an output, so that the next dispatch must wait for it.

struct Params {
  value: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [1]

@compute @workgroup_size(1)
fn main() { y[0] = params.value; }
