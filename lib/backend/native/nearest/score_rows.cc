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

// Rows that are scored at a time.
constexpr int AT_ONCE = 8;

struct Floats {
  const float* data;
  int64_t D;
  const float* row(int64_t row, int) const { return data + row * D; }
};

// Bytes as the numbers that they stand for, as dequantise() in
// lib/search/quantised/quantise.ts has them: written down, since GCC leaves a
// rounding to float32 in between out.
struct Steps {
  const int8_t* data;
  const float *first, *size;
  int64_t D;
  std::vector<float> numbers = std::vector<float>(AT_ONCE * D);
  const float* row(int64_t row, int place) {
    float* out = numbers.data() + place * D;
    const int8_t* x = data + row * D;
    for (int64_t d = 0; d < D; d++) {
      out[d] = (float)((double)first[d] + x[d] * (double)size[d]);
    }
    return out;
  }
};

template <int N, class Rows>
void innerProducts(const float* query, Rows& rows, const int32_t* which,
                   int64_t D, float* out) {
  const float* row[N];
  double sum[N] = {};
  for (int i = 0; i < N; i++) row[i] = rows.row(which[i], i);
  for (int64_t d = 0; d < D; d++) {
    const double x = query[d];
    for (int i = 0; i < N; i++) sum[i] += x * row[i][d];
  }
  for (int i = 0; i < N; i++) out[i] = (float)sum[i];
}

template <class Rows>
void scoreRows(const float* queries, const Rows& all, const int32_t* which,
               const int32_t* starts, float* out, int64_t Q, int64_t D) {
  parallelRanges(Q, 4, [&](int64_t from, int64_t to) {
    Rows rows = all;
    for (int64_t q = from; q < to; q++) {
      const float* query = queries + q * D;
      int32_t i = starts[q];
      for (; i + AT_ONCE <= starts[q + 1]; i += AT_ONCE) {
        innerProducts<AT_ONCE>(query, rows, which + i, D, out + i);
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
