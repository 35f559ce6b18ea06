/** ln Γ(x), x > 0: Stirling's series, after raising x above 10. */
function lnGamma(x: number): number {
  let product = 1;
  while (x < 10) product *= x++;
  const y = 1 / (x * x);
  const series = 1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 -
                y * (1 / 1188 - y * 691 / 360360))));
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) +
    series / x - Math.log(product);
}

/**
 * Regularised incomplete beta function I_x(a, b), by its continued fraction
 * (DLMF 8.17.22); `y` is 1 - x, passed in lest it cancel.
 */
function incompleteBeta(a: number, b: number, x: number, y: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(b, a, y, x);
  const front = Math.exp(
    lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) +
      b * Math.log(y),
  ) / a;
  // It needs some √(a + b) terms; these are several times as many.
  let tail = 0;
  for (let m = 100 + 10 * Math.ceil(Math.sqrt(a + b)); m > 0; m--) {
    const k = Math.floor(m / 2);
    const term = m % 2 === 0
      ? k * (b - k) * x / ((a + m - 1) * (a + m))
      : -(a + k) * (a + b + k) * x / ((a + m - 1) * (a + m));
    tail = term / (1 + tail);
  }
  return front / (1 + tail);
}

/** P(T > t) of Student's distribution with `df` degrees of freedom. */
export function studentTail(t: number, df: number): number {
  if (Number.isNaN(t) || !(df > 0)) return NaN;
  const square = t * t;
  const x = df / (df + square);
  const half =
    incompleteBeta(df / 2, 0.5, x, x === 0 ? 1 : square / (df + square)) /
    2;
  return t >= 0 ? half : 1 - half;
}

/** The t with P(T > t) = tail, tail in (0, 0.5]. */
export function studentQuantile(tail: number, df: number): number {
  if (!(df > 0)) return NaN;
  let high = 1;
  while (studentTail(high, df) > tail) high *= 2;
  return bisect((t) => studentTail(t, df) <= tail, 0, high);
}

/** P(Z < z) of the standard normal distribution. */
export function normalCdf(z: number): number {
  if (z > 0) return 1 - normalCdf(-z);
  const density = Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI);
  if (z < -4) {
    // Continued fraction of the tail (DLMF 7.9.3).
    let tail = -z;
    for (let m = 100; m > 0; m--) tail = -z + m / tail;
    return density / tail;
  }
  // Σ z^(2m+1) / (1 · 3 · … · (2m+1)); all terms have one sign.
  let sum = 0;
  let term = z;
  for (let m = 1; sum + term !== sum; m++) {
    sum += term;
    term *= z * z / (2 * m + 1);
  }
  return 0.5 + density * sum;
}

/** The z with P(Z < z) = p; infinite at 0 and 1. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? -Infinity : p === 1 ? Infinity : NaN;
  if (p > 0.5) return -normalQuantile(1 - p);
  return bisect((z) => normalCdf(z) >= p, -40, 0);
}

/** Where a condition that is false below and true above turns, to the last bit. */
function bisect(above: (x: number) => boolean, low: number, high: number) {
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return high;
    if (above(middle)) high = middle;
    else low = middle;
  }
}
