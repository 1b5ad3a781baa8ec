// xIELU (arXiv:2411.13010), with numbers a, b, beta and eps of the layer: a x^2 + beta x above 0, else
// (b + beta) (exp(min(x, eps)) - 1 - x) + beta x. They stand in the place of `bias`, which a matrix with this activation has not.

// below it exp(x) is 0 to f32's last digit beside 1
const LOWEST: f32 = -80f;

fn activate(x: f32) -> f32 {
  if (x > 0f) { return fma(bias[0] * x, x, bias[2] * x); }
  return fma(bias[1] + bias[2], bend(x), bias[2] * x);
}

/// exp(min(x, eps)) - 1 - x for x <= 0.
fn bend(x: f32) -> f32 {
  if (x > bias[3]) { return bias[3] - x; }
  if (x < -0.5f) { return exp(max(x, LOWEST)) - 1f - x; }
  // the difference would have no digits: x^2 (1/2! + x/3! + x^2/4! ...)
  var sum = 2.4801587e-5f;
  sum = fma(sum, x, 1.9841270e-4f);
  sum = fma(sum, x, 1.3888889e-3f);
  sum = fma(sum, x, 8.3333333e-3f);
  sum = fma(sum, x, 4.1666667e-2f);
  sum = fma(sum, x, 0.16666667f);
  return fma(sum, x, 0.5f) * x * x;
}
