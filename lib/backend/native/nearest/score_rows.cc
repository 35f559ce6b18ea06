// Exact scores of some rows: products of floats are exact in double precision, so
// a sum doesn't depend on whether multiplying and adding is one instruction; its
// order is that of lib/search/exact/score_rows.ts.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "pool.h"

namespace tdro {
namespace {

struct Floats {
  const float* data;
  int64_t D;
  double at(int64_t row, int64_t d) const { return data[row * D + d]; }
};

// Bytes as the numbers that they stand for, as dequantise() in
// lib/search/quantised/quantise.ts has them.
struct Steps {
  const int8_t* data;
  const float *first, *size;
  int64_t D;
  double at(int64_t row, int64_t d) const {
    return (float)((double)first[d] + data[row * D + d] * (double)size[d]);
  }
};

template <int N, class Rows>
void innerProducts(const float* query, const Rows& rows, const int32_t* which,
                   int64_t D, float* out) {
  double sum[N] = {};
  for (int64_t d = 0; d < D; d++) {
    const double x = query[d];
    for (int i = 0; i < N; i++) sum[i] += x * rows.at(which[i], d);
  }
  for (int i = 0; i < N; i++) out[i] = (float)sum[i];
}

template <class Rows>
void scoreRows(const float* queries, const Rows& rows, const int32_t* which,
               const int32_t* starts, float* out, int64_t Q, int64_t D) {
  parallelRanges(Q, 4, [&](int64_t from, int64_t to) {
    for (int64_t q = from; q < to; q++) {
      const float* query = queries + q * D;
      int32_t i = starts[q];
      for (; i + 8 <= starts[q + 1]; i += 8) {
        innerProducts<8>(query, rows, which + i, D, out + i);
      }
      for (; i < starts[q + 1]; i++) {
        innerProducts<1>(query, rows, which + i, D, out + i);
      }
    }
  });
}

}  // namespace
}  // namespace tdro

// Queries [Q, D], rows [P, D], and for each query the numbers of some rows, from
// starts[q] to starts[q + 1] of `which` -> their inner products.
extern "C" void tdroScoreRows(const float* queries, const float* data,
                              const int32_t* which, const int32_t* starts,
                              float* out, int32_t Q, int32_t D) {
  tdro::scoreRows(queries, tdro::Floats{data, D}, which, starts, out, Q, D);
}

// The same of rows of bytes; what a byte stands for is first[d] and as many times
// size[d]: `steps` [2, D].
extern "C" void tdroScoreSteps(const float* queries, const int8_t* data,
                               const float* steps, const int32_t* which,
                               const int32_t* starts, float* out, int32_t Q,
                               int32_t D) {
  tdro::scoreRows(queries, tdro::Steps{data, steps, steps + D, D}, which, starts,
                  out, Q, D);
}

// The largest length of a row, rounded.
extern "C" double tdroLongestRow(const float* data, int32_t P, int32_t D) {
  std::vector<double> found(P / 1024 + 1);
  tdro::parallelFor(found.size(), [&](int64_t part) {
    const int64_t from = part * 1024, to = std::min<int64_t>(from + 1024, P);
    double most = 0;
    for (int64_t row = from; row < to; row++) {
      const float* x = data + row * D;
      double sums[8] = {};
      int64_t d = 0;
      for (; d + 8 <= D; d += 8) {
        for (int i = 0; i < 8; i++) sums[i] += (double)x[d + i] * x[d + i];
      }
      for (; d < D; d++) sums[0] += (double)x[d] * x[d];
      double square = 0;
      for (double sum : sums) square += sum;
      most = std::max(most, square);
    }
    found[part] = most;
  });
  return std::sqrt(*std::max_element(found.begin(), found.end()));
}
