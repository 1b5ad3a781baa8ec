// gelu(x) = x / 2 * (1 + erf(x / sqrt(2))) (arXiv:1606.08415) = max(x, 0) - |x| / 2 * erfc(|x| / sqrt(2)).
// erfc(z) = t * exp(-z^2 + p(t)), t = 1 / (1 + z / 2): p is a polynomial fitted to f64's erfc for z up to 10, which leaves
// an error of 3e-7 at most.

// beyond it the second term is 0 to f32's last digit, but exp(-z^2) still a normal number
const BOUND: f32 = 13f;

fn activate(x: f32) -> f32 {
  let size = min(abs(x), BOUND);
  let z = 0.7071067811865476f * size;
  let t = 1f / fma(0.5f, z, 1f);
  var p = 0.14493021375039136f;
  p = fma(p, t, -0.680827177991679f);
  p = fma(p, t, 1.156733757731013f);
  p = fma(p, t, -0.6962518998624619f);
  p = fma(p, t, -0.08028043127493224f);
  p = fma(p, t, 0.0012675858256677311f);
  p = fma(p, t, 0.03460280020891296f);
  p = fma(p, t, 0.3866404121021132f);
  p = fma(p, t, 0.9986327833442453f);
  p = fma(p, t, -1.2654479969019876f);
  return fma(-0.5f * size * t, exp(fma(-z, z, p)), max(x, 0f));
}
