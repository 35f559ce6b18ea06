// Rows of matrices: added up, pooled.
#include <algorithm>
#include <cstring>

#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

// rows [N, D], order [N], starts [U + 1] -> [U, D]: row u is the sum of the rows
// that `order` names from starts[u] to starts[u + 1], in that order.
void rowSum(Call& call) {
  const int64_t D = call.dim(0, 1), U = call.size(2) - 1;
  const float* rows = call.in(0);
  const int32_t *order = call.ints(1), *starts = call.ints(2);
  float* y = call.out(0, {U, D});
  // Also by columns: few places may have all the rows.
  const int64_t width = 128, blocks = (D + width - 1) / width;
  parallelRanges(U * blocks, 1, [=](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      const int64_t u = task / blocks, from = task % blocks * width;
      const int64_t to = std::min(from + width, D);
      float* sum = y + u * D;
      std::fill(sum + from, sum + to, 0.0f);
      for (int64_t i = starts[u]; i < starts[u + 1]; i++) {
        const float* row = rows + order[i] * D;
#pragma omp simd
        for (int64_t d = from; d < to; d++) sum[d] += row[d];
      }
    }
  });
}

// table [V, D], ids [N] -> rows [N, D]
void gather(Call& call) {
  const int64_t D = call.dim(0, 1), N = call.size(1);
  const float* table = call.in(0);
  const int32_t* ids = call.ints(1);
  float* y = call.out(0, {N, D});
  parallelRanges(N, 1 + (1 << 14) / (D + 1), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      std::memcpy(y + i * D, table + ids[i] * D, D * sizeof(float));
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

const Op<rowSum> a("TdroRowSum", {.floats = 1, .ints = 2});
const Op<addInto> b("TdroAddInto", {.floats = 2});
const Op<gather> e("TdroGather", {.floats = 1, .ints = 1});
const Op<pool> c("TdroPool", {.floats = 1, .ints = 2});
const Op<poolGrad> d("TdroPoolGrad", {.floats = 1, .ints = 2});

}  // namespace
}  // namespace tdro
