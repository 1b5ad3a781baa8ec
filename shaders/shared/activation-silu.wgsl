// silu(x) = x / (1 + exp(-x)).

// where silu is 0 to f32's last digit, but exp(-x) still far from overflow
const LOWEST: f32 = -80f;

fn activate(x: f32) -> f32 {
  let bounded = max(x, LOWEST);
  return bounded / (1f + exp(-bounded));
}
