// Activations as inline functions that the compiler turns into vector code:
// no calls, no branches.
#pragma once
#include <cmath>
#include <cstring>

#include "lanes.h"

namespace tdro {

// e^x with relative error below 2e-7: x = n ln 2 + r with |r| <= ln 2 / 2,
// e^r by its Taylor polynomial of degree 6 (remainder 1e-7 · e^r / 1.2).
ALWAYS_INLINE float fastExp(float x) {
  x = x < -87.0f ? -87.0f : (x > 88.0f ? 88.0f : x);
  const float n = std::nearbyintf(x * 1.44269504f);
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;  // ln 2 in two parts, so that r is exact
  float p = 1.3888889e-3f;
  p = p * r + 8.3333333e-3f;
  p = p * r + 4.1666668e-2f;
  p = p * r + 1.6666667e-1f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const int bits = ((int)n + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return p * scale;
}

// tanh(|x|) = (1 - e^(-2|x|)) / (1 + e^(-2|x|)), whose cancellation near 0 costs
// an absolute error of 1e-7, no more.
ALWAYS_INLINE float fastTanh(float x) {
  const float e = fastExp(-2.0f * std::fabs(x));
  return std::copysign((1.0f - e) / (1.0f + e), x);
}

// 1 / (1 + e^-x)
ALWAYS_INLINE float sigmoid(float x) { return 1.0f / (1.0f + fastExp(-x)); }

// The tail 1 - erf(z) for z >= 0 as t·P(t)·e^(-z²), t = 1 / (1 + p z): formula
// 7.1.26 of Abramowitz & Stegun; absolute error below 1.5e-7.
ALWAYS_INLINE float erfTail(float z, float gauss) {
  const float t = 1.0f / (1.0f + 0.3275911f * z);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  return p * t * gauss;
}

// The normal distribution function, from e^(-x²/2).
ALWAYS_INLINE float normalDistribution(float x, float gauss) {
  const float half = 0.5f * erfTail(std::fabs(x) * 0.70710678f, gauss);
  return x < 0.0f ? half : 1.0f - half;
}

struct Gelu {
  ALWAYS_INLINE float value(float x) const {
    return x * normalDistribution(x, fastExp(-0.5f * x * x));
  }
  ALWAYS_INLINE float slope(float x) const {
    const float gauss = fastExp(-0.5f * x * x);
    return normalDistribution(x, gauss) + x * gauss * 0.39894228f;
  }
};

struct GeluTanh {
  static constexpr float root = 0.79788456f, cubic = 0.044715f;
  ALWAYS_INLINE float value(float x) const {
    const float inner = root * x * (1.0f + cubic * x * x);
    return 0.5f * x * (1.0f + fastTanh(inner));
  }
  ALWAYS_INLINE float slope(float x) const {
    const float s =
        0.5f * (1.0f + fastTanh(root * x * (1.0f + cubic * x * x)));
    return s + x * 2.0f * s * (1.0f - s) * root * (1.0f + 3 * cubic * x * x);
  }
};

struct Silu {
  ALWAYS_INLINE float value(float x) const { return x * sigmoid(x); }
  ALWAYS_INLINE float slope(float x) const {
    const float s = sigmoid(x);
    return s * (1.0f + x * (1.0f - s));
  }
};

struct Relu {
  ALWAYS_INLINE float value(float x) const { return x > 0.0f ? x : 0.0f; }
  ALWAYS_INLINE float slope(float x) const { return x > 0.0f ? 1.0f : 0.0f; }
};

struct Identity {
  ALWAYS_INLINE float value(float x) const { return x; }
  ALWAYS_INLINE float slope(float) const { return 1.0f; }
};

// Numbers of the activations; the TypeScript side has the same list.
template <class Use>
void withActivation(int number, Use use) {
  switch (number) {
    case 1: return use(Gelu{});
    case 2: return use(GeluTanh{});
    case 3: return use(Silu{});
    case 4: return use(Relu{});
    default: return use(Identity{});
  }
}

}  // namespace tdro
