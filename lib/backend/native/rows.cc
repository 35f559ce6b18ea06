// Rows of matrices: looked up, added up, pooled.
#include <algorithm>
#include <cstring>
#include <vector>

#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

// table [V, D], ids [N] -> rows [N, D]
void gather(Call& call) {
  const int64_t D = call.dim(0, 1), V = call.dim(0, 0), N = call.size(1);
  const float* table = call.in(0);
  const int32_t* ids = call.ints(1);
  float* y = call.out(0, {N, D});
  parallelRanges(N, 64, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      if (ids[i] >= 0 && ids[i] < V) {
        std::memcpy(y + i * D, table + ids[i] * D, D * sizeof(float));
      } else {
        std::fill(y + i * D, y + (i + 1) * D, 0.0f);
      }
    }
  });
}

// rows [N, D], places [N] -> their sums [V, D]; setting: V. Each task owns a
// stretch of columns, so that no two add to one number.
void scatter(Call& call) {
  const int64_t N = call.dim(0, 0), D = call.dim(0, 1);
  const int64_t V = (int64_t)call.setting(0);
  const float* rows = call.in(0);
  const int32_t* places = call.ints(1);
  float* y = call.out(0, {V, D});
  parallelRanges(V * D, 1 << 16, [=](int64_t begin, int64_t end) {
    std::fill(y + begin, y + end, 0.0f);
  });
  parallelRanges(D, 64, [=](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < N; i++) {
      if (places[i] < 0 || places[i] >= V) continue;
      float* to = y + places[i] * D;
      const float* from = rows + i * D;
#pragma omp simd
      for (int64_t d = begin; d < end; d++) to[d] += from[d];
    }
  });
}

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

// x [N, D] -> the sum of its rows [D]
void columnSum(Call& call) {
  const int64_t N = call.dim(0, 0), D = call.dim(0, 1);
  const float* x = call.in(0);
  float* y = call.out(0, {D});
  const int64_t parts = std::clamp<int64_t>(N * D / (1 << 15), 1, 16);
  std::vector<float> sums(parts * D, 0.0f);
  parallelFor(parts, [&](int64_t part) {
    float* sum = &sums[part * D];
    for (int64_t r = N * part / parts; r < N * (part + 1) / parts; r++) {
      const float* row = x + r * D;
#pragma omp simd
      for (int64_t d = 0; d < D; d++) sum[d] += row[d];
    }
  });
  std::fill(y, y + D, 0.0f);
  for (int64_t p = 0; p < parts; p++) {
    for (int64_t d = 0; d < D; d++) y[d] += sums[p * D + d];
  }
}

// x [T, D], weights [T], offsets [B + 1] -> per text the weighted sum [B, D]
void pool(Call& call) {
  const int64_t D = call.dim(0, 1), B = call.size(2) - 1;
  const float *x = call.in(0), *weights = call.in(1);
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

// dy [B, D], weights [T], offsets -> dx [T, D]
void poolGrad(Call& call) {
  const int64_t D = call.dim(0, 1), B = call.size(2) - 1, T = call.size(1);
  const float *dy = call.in(0), *weights = call.in(1);
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

const Op<gather> a("TdroGather", {.floats = 1, .ints = 1});
const Op<scatter> b("TdroScatter", {.floats = 1, .ints = 1});
const Op<addInto> f("TdroAddInto", {.floats = 2});
const Op<columnSum> c("TdroColumnSum", {.floats = 1});
const Op<pool> d("TdroPool", {.floats = 2, .ints = 1});
const Op<poolGrad> e("TdroPoolGrad", {.floats = 2, .ints = 1});

}  // namespace
}  // namespace tdro
