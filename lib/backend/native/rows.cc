// Rows of matrices: added up, pooled.
#include <algorithm>

#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

// x, y -> nothing; x becomes x + y where it is. Its caller has made sure that
// nobody else looks at it.
void addInto(Call& call) {
  float* x = call.inPlace(0);
  const float* y = call.in(1);
  call.out(0, {0});
  parallelRanges(call.size(0), 1 << 15, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; i++) x[i] += y[i];
  });
}

// x [T, D], the bits of weights [T], offsets [B + 1] -> per text the weighted sum
// [B, D]
void pool(Call& call) {
  const int64_t D = call.dim(0, 1), B = call.size(2) - 1;
  const float *x = call.in(0), *weights = (const float*)call.ints(1);
  const int32_t* offsets = call.ints(2);
  float* y = call.out(0, {B, D});
  parallelRanges(B, 1, [=](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) {
      float* to = y + b * D;
      std::fill(to, to + D, 0.0f);
      for (int64_t t = offsets[b]; t < offsets[b + 1]; t++) {
        const float w = weights[t];
        if (w == 0) continue;
#pragma omp simd
        for (int64_t d = 0; d < D; d++) to[d] += w * x[t * D + d];
      }
    }
  });
}

// dy [B, D], the bits of weights [T], offsets -> dx [T, D]
void poolGrad(Call& call) {
  const int64_t D = call.dim(0, 1), B = call.size(2) - 1, T = call.size(1);
  const float *dy = call.in(0), *weights = (const float*)call.ints(1);
  const int32_t* offsets = call.ints(2);
  float* dx = call.out(0, {T, D});
  parallelRanges(B, 1, [=](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) {
      for (int64_t t = offsets[b]; t < offsets[b + 1]; t++) {
        const float w = weights[t];
#pragma omp simd
        for (int64_t d = 0; d < D; d++) dx[t * D + d] = w * dy[b * D + d];
      }
    }
  });
}

const Op<addInto> f("TdroAddInto", {.floats = 2});
const Op<pool> d("TdroPool", {.floats = 1, .ints = 2});
const Op<poolGrad> e("TdroPoolGrad", {.floats = 1, .ints = 2});

}  // namespace
}  // namespace tdro
