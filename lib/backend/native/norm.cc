// Layer norm and RMS norm over stretches of D numbers, with their gradients.
#include <algorithm>
#include <cmath>
#include <vector>

#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

int64_t rowsPerTask(int64_t D) { return std::max<int64_t>(1, 8192 / D); }

// x, gain, bias?, residual? -> y, x + residual, mean, 1/deviation
// Settings: eps, whether RMS (no mean), what is added to the gain.
void norm(Call& call) {
  const int64_t D = call.size(1), rows = call.size(0) / D;
  const float *x = call.in(0), *gain = call.in(1), *bias = call.optional(2);
  const float* residual = call.optional(3);
  const float eps = call.setting(0), one = call.setting(2);
  const bool rms = call.setting(1) != 0;
  float* y = call.outLike(0, 0);
  float* sum = residual ? call.outLike(1, 0) : call.out(1, {0});
  float* means = call.out(2, {rms ? 0 : rows});
  float* scales = call.out(3, {rows});
  parallelRanges(rows, rowsPerTask(D), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* row = x + r * D;
      if (residual) {
        float* s = sum + r * D;
        const float* more = residual + r * D;
        for (int64_t d = 0; d < D; d++) s[d] = row[d] + more[d];
        row = s;
      }
      float mean = 0, square = 0;
      if (!rms) {
#pragma omp simd reduction(+ : mean)
        for (int64_t d = 0; d < D; d++) mean += row[d];
        mean /= D;
        means[r] = mean;
      }
#pragma omp simd reduction(+ : square)
      for (int64_t d = 0; d < D; d++) {
        square += (row[d] - mean) * (row[d] - mean);
      }
      const float scale = 1.0f / std::sqrt(square / D + eps);
      scales[r] = scale;
      float* to = y + r * D;
      for (int64_t d = 0; d < D; d++) {
        to[d] = (row[d] - mean) * scale * (gain[d] + one);
      }
      if (bias) {
        for (int64_t d = 0; d < D; d++) to[d] += bias[d];
      }
    }
  });
}

// dy, x (+ residual), gain, means, scales -> dx, dGain, dBias
// Settings: whether RMS, what is added to the gain.
void normGrad(Call& call) {
  const int64_t D = call.size(2), rows = call.size(0) / D;
  const float *dy = call.in(0), *x = call.in(1), *gain = call.in(2);
  const float *means = call.optional(3), *scales = call.in(4);
  const bool rms = call.setting(0) != 0;
  const float one = call.setting(1);
  float *dx = call.outLike(0, 0), *dGain = call.out(1, {D});
  float* dBias = call.out(2, {rms ? 0 : D});
  // A fixed number of parts, each with sums of its own: the result does not
  // depend on which core was faster.
  const int64_t parts = std::clamp<int64_t>(rows / rowsPerTask(D), 1, 16);
  std::vector<float> sums(parts * 2 * D, 0.0f);
  parallelFor(parts, [&](int64_t part) {
    float *gainSum = &sums[part * 2 * D], *biasSum = gainSum + D;
    for (int64_t r = rows * part / parts; r < rows * (part + 1) / parts; r++) {
      const float *grad = dy + r * D, *row = x + r * D;
      const float mean = means ? means[r] : 0.0f, scale = scales[r];
      float flat = 0, along = 0;
#pragma omp simd reduction(+ : flat, along)
      for (int64_t d = 0; d < D; d++) {
        const float normal = (row[d] - mean) * scale;
        const float dNormal = grad[d] * (gain[d] + one);
        flat += dNormal;
        along += dNormal * normal;
        gainSum[d] += grad[d] * normal;
        biasSum[d] += grad[d];
      }
      flat = rms ? 0.0f : flat / D;
      along /= D;
      float* to = dx + r * D;
#pragma omp simd
      for (int64_t d = 0; d < D; d++) {
        const float normal = (row[d] - mean) * scale;
        to[d] = scale * (grad[d] * (gain[d] + one) - flat - normal * along);
      }
    }
  });
  for (int64_t d = 0; d < D; d++) {
    float a = 0, b = 0;
    for (int64_t p = 0; p < parts; p++) {
      a += sums[p * 2 * D + d];
      b += sums[p * 2 * D + D + d];
    }
    dGain[d] = a;
    if (!rms) dBias[d] = b;
  }
}

const Op<norm> a("TdroNorm", {.floats = 4, .outputs = 4});
const Op<normGrad> b("TdroNormGrad", {.floats = 5, .outputs = 3});

}  // namespace
}  // namespace tdro
