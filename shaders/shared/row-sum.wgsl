// The sum of a workgroup's partial sums, the same on every thread. All threads add them in the same order: the result does
// not depend on the device's subgroups.

const WG_SIZE: u32 = 64u;

var<workgroup> sh_sums: array<f32, WG_SIZE>;

fn row_sum(lane: u32, partial: f32) -> f32 {
  // nobody may still be adding a former sum
  workgroupBarrier();
  sh_sums[lane] = partial;
  workgroupBarrier();
  var total = 0f;
  for (var i = 0u; i < WG_SIZE; i++) { total += sh_sums[i]; }
  return total;
}
