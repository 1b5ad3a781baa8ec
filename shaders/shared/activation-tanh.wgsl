// GELU by its approximation: x / 2 * (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2 / pi) * (x + 0.044715 x^3)
// (arXiv:1606.08415). Without tanh(), which overflows on some devices.

// beyond it the function is 0 or x to f32's last digit, but exp(-2u) still far from overflow
const BOUND: f32 = 9.5f;
const MINUS_TWO_ROOT: f32 = -1.5957691216057308f;  // -2 sqrt(2 / pi)

fn activate(x: f32) -> f32 {
  let inner = clamp(x, -BOUND, BOUND);
  return max(x, -BOUND) / (1f + exp(MINUS_TWO_ROOT * inner * fma(0.044715f * inner, inner, 1f)));
}
