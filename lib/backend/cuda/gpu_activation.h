// Activations and their slopes; the numbers are those of native/activation.h.
#pragma once
#include "device.h"

__device__ inline float valueOf(int activation, float x) {
  switch (activation) {
    case 1: return x * normcdff(x);
    case 2: {
      const float inner = 0.79788456f * x * (1.0f + 0.044715f * x * x);
      return 0.5f * x * (1.0f + tanhf(inner));
    }
    case 3: return x / (1.0f + expf(-x));
    case 4: return x > 0.0f ? x : 0.0f;
    default: return x;
  }
}

__device__ inline float slopeOf(int activation, float x) {
  switch (activation) {
    case 1: return normcdff(x) + x * expf(-0.5f * x * x) * 0.39894228f;
    case 2: {
      const float root = 0.79788456f, cubic = 0.044715f;
      const float inner = root * x * (1.0f + cubic * x * x);
      const float s = 0.5f * (1.0f + tanhf(inner));
      return s + x * 2.0f * s * (1.0f - s) * root *
                     (1.0f + 3 * cubic * x * x);
    }
    case 3: {
      const float s = 1.0f / (1.0f + expf(-x));
      return s * (1.0f + x * (1.0f - s));
    }
    case 4: return x > 0.0f ? 1.0f : 0.0f;
    default: return 1.0f;
  }
}
