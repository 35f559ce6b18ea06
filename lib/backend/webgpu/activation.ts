/**
 * WGSL of the activations: `f(x)` and its slope `df(x)`, by their numbers in
 * `native/activation.h`. As there, the tail of the normal distribution is formula
 * 7.1.26 of Abramowitz & Stegun, off by less than 1.5e-7, and tanh is made of an
 * exponential that can't overflow.
 */
export function activationText(number: number): string {
  return COMMON + (TEXTS[number] ?? TEXTS[0]!);
}

const COMMON = `
fn normalDistribution(x: f32, gauss: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.3275911 * abs(x) * 0.70710678);
  let p = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t
    - 0.284496736) * t + 0.254829592) * t;
  let half = 0.5 * p * gauss;
  return select(1.0 - half, half, x < 0.0);
}
fn safeTanh(x: f32) -> f32 {
  let e = exp(-2.0 * abs(x));
  return sign(x) * (1.0 - e) / (1.0 + e);
}
fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(1.0, e, x < 0.0) / (1.0 + e);
}
`;

const TEXTS: Readonly<Record<number, string>> = {
  0: `
fn f(x: f32) -> f32 { return x; }
fn df(x: f32) -> f32 { return 1.0; }`,
  1: `
fn f(x: f32) -> f32 { return x * normalDistribution(x, exp(-0.5 * x * x)); }
fn df(x: f32) -> f32 {
  let gauss = exp(-0.5 * x * x);
  return normalDistribution(x, gauss) + x * gauss * 0.39894228;
}`,
  2: `
const root = 0.79788456;
const cubic = 0.044715;
fn f(x: f32) -> f32 {
  return 0.5 * x * (1.0 + safeTanh(root * x * (1.0 + cubic * x * x)));
}
fn df(x: f32) -> f32 {
  let s = 0.5 * (1.0 + safeTanh(root * x * (1.0 + cubic * x * x)));
  return s + x * 2.0 * s * (1.0 - s) * root * (1.0 + 3.0 * cubic * x * x);
}`,
  3: `
fn f(x: f32) -> f32 { return x * sigmoid(x); }
fn df(x: f32) -> f32 {
  let s = sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}`,
  4: `
fn f(x: f32) -> f32 { return max(x, 0.0); }
fn df(x: f32) -> f32 { return select(0.0, 1.0, x > 0.0); }`,
};
