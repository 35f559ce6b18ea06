#include "column_sum.h"

#include <algorithm>
#include <vector>

#include "pool.h"

namespace tdro {

void columnSum(const float* x, int64_t rows, int64_t D, float* y) {
  const int64_t parts = std::clamp<int64_t>(rows * D / (1 << 15), 1, 16);
  std::vector<float> sums(parts * D, 0.0f);
  parallelFor(parts, [&](int64_t part) {
    float* sum = &sums[part * D];
    for (int64_t r = rows * part / parts; r < rows * (part + 1) / parts; r++) {
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

}  // namespace tdro
