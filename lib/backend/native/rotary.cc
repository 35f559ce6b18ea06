// Rotary positions and dropout: what moves or blanks single numbers.
#include <cstdint>

#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

// x [T, H·D], cos, sin [T, R] -> turned. Settings: heads, sign of the turn.
void rotary(Call& call) {
  const int64_t T = call.dim(0, 0), width = call.dim(0, 1), R = call.dim(1, 1);
  const int64_t heads = (int64_t)call.setting(0), D = width / heads;
  const float sign = call.setting(1);
  const float *x = call.in(0), *cos = call.in(1), *sin = call.in(2);
  float* y = call.outLike(0, 0);
  parallelRanges(T, 16, [=](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; t++) {
      const float *c = cos + t * R, *s = sin + t * R;
      for (int64_t h = 0; h < heads; h++) {
        const float* from = x + t * width + h * D;
        float* to = y + t * width + h * D;
#pragma omp simd
        for (int64_t r = 0; r < R; r++) {
          to[r] = from[r] * c[r] - sign * from[r + R] * s[r];
          to[r + R] = from[r + R] * c[r] + sign * from[r] * s[r];
        }
        for (int64_t d = 2 * R; d < D; d++) to[d] = from[d];
      }
    }
  });
}

// The finisher of MurmurHash3, as in `kernels/dropout.ts`.
inline uint32_t mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return x ^ (x >> 16);
}

// x, a seed for each row, limit -> x / (1 - rate) or 0. Setting: 1 / (1 - rate).
void dropout(Call& call) {
  const float* x = call.in(0);
  const int32_t* seeds = call.ints(1);
  const int64_t rows = call.size(1);
  const int64_t width = rows ? call.size(0) / rows : 0;
  const uint32_t limit = (uint32_t)call.ints(2)[0];
  const float kept = call.setting(0);
  float* y = call.outLike(0, 0);
  const int64_t grain = 1 + (1 << 14) / (width + 1);
  parallelRanges(rows, grain, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const uint32_t start = mix((uint32_t)seeds[row]);
      const float* from = x + row * width;
      float* to = y + row * width;
#pragma omp simd
      for (int64_t i = 0; i < width; i++) {
        const uint32_t hash = mix(start + (uint32_t)i * 0x9e3779b9u);
        to[i] = hash >= limit ? from[i] * kept : 0.0f;
      }
    }
  });
}

const Op<rotary> a("TdroRotary", {.floats = 3});
const Op<dropout> b("TdroDropout", {.floats = 1, .ints = 2});

}  // namespace
}  // namespace tdro
