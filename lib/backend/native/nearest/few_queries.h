// Products of rows with few queries, straight from memory: to rearrange the rows
// first would take longer than to multiply them.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "lanes.h"

namespace tdro {

// Rows and queries of floats.
struct FloatNumbers {
  using Row = float;
  using Query = float;
  using Values = Lanes;
  using Sums = Lanes;
  static constexpr int64_t STEP = WIDTH;
  static Values row(const Row* at) { return load(at); }
  static Values query(const Query* at) { return load(at); }
  static Sums dot(Sums sum, Values a, Values b) {
    return multiplyAdd(a, b, sum);
  }
  static float total(Sums sum) { return sumOf(sum); }
};

// Rows of whole numbers of 8 bits, queries of 16.
struct ByteNumbers {
  using Row = int8_t;
  using Query = int16_t;
  using Values = Units;
  using Sums = Wholes;
  static constexpr int64_t STEP = 2 * WIDTH;
  static Values row(const Row* at) { return shortsOf(at); }
  static Values query(const Query* at) { return load<Units>(at); }
  static Sums dot(Sums sum, Values a, Values b) { return dotShorts(sum, a, b); }
  static float total(Sums sum) { return (float)sumOf(sum); }
};

// How many are multiplied at a time: their sums, and they, are in registers.
constexpr int FEW_ROWS = 4, FEW_AT_ONCE = FEW_REGISTERS ? 2 : 4;

// The products of R rows, D numbers each, with N queries, whose numbers from D on
// are 0: [N, FEW_ROWS].
template <class Numbers, int R, int N>
ALWAYS_INLINE void productsOf(const typename Numbers::Row* rows,
                              const typename Numbers::Query* queries,
                              int64_t stride, int64_t D, float* out) {
  using Row = typename Numbers::Row;
  using Values = typename Numbers::Values;
  constexpr int64_t STEP = Numbers::STEP;
  typename Numbers::Sums sums[R][N] = {};
  const auto step = [&](const Row* const* x, int64_t d) {
    Values y[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) y[n] = Numbers::query(queries + n * stride + d);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      const Values v = Numbers::row(x[r]);
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) {
        sums[r][n] = Numbers::dot(sums[r][n], v, y[n]);
      }
    }
  };
  const Row* at[R];
  for (int r = 0; r < R; r++) at[r] = rows + r * D;
  int64_t d = 0;
  for (; d + STEP <= D; d += STEP) {
    step(at, d);
    for (int r = 0; r < R; r++) at[r] += STEP;
  }
  if (d < D) {
    Row rest[R][STEP] = {};
    for (int r = 0; r < R; r++) {
      std::memcpy(rest[r], at[r], (D - d) * sizeof(Row));
      at[r] = rest[r];
    }
    step(at, d);
  }
  for (int r = 0; r < R; r++) {
    for (int n = 0; n < N; n++) {
      out[n * FEW_ROWS + r] = Numbers::total(sums[r][n]);
    }
  }
}

// Calls use(query, row, product) for all queries and the rows [from, to).
template <class Numbers, class Use>
void eachProduct(const typename Numbers::Row* rows, int64_t from, int64_t to,
                 const typename Numbers::Query* queries, int64_t stride,
                 int64_t Q, int64_t D, Use use) {
  // Rows that stay in a core's own cache while all queries pass by.
  const int64_t block =
      std::max<int64_t>(FEW_ROWS, (64 << 10) / (D * (int64_t)sizeof(*rows)) /
                                      FEW_ROWS * FEW_ROWS);
  float out[FEW_AT_ONCE * FEW_ROWS];
  for (int64_t start = from; start < to; start += block) {
    const int64_t end = std::min(start + block, to);
    for (int64_t q = 0; q < Q; q += FEW_AT_ONCE) {
      const int64_t some = std::min<int64_t>(FEW_AT_ONCE, Q - q);
      const auto* at = queries + q * stride;
      for (int64_t p = start; p < end; p += FEW_ROWS) {
        const int64_t count = std::min<int64_t>(FEW_ROWS, end - p);
        const auto* x = rows + p * D;
        if (count == FEW_ROWS && some == FEW_AT_ONCE) {
          productsOf<Numbers, FEW_ROWS, FEW_AT_ONCE>(x, at, stride, D, out);
        } else if (count == FEW_ROWS) {
          for (int64_t n = 0; n < some; n++) {
            productsOf<Numbers, FEW_ROWS, 1>(x, at + n * stride, stride, D,
                                             out + n * FEW_ROWS);
          }
        } else {
          for (int64_t n = 0; n < some; n++) {
            for (int64_t r = 0; r < count; r++) {
              productsOf<Numbers, 1, 1>(x + r * D, at + n * stride, stride, D,
                                        out + n * FEW_ROWS + r);
            }
          }
        }
        for (int64_t n = 0; n < some; n++) {
          for (int64_t r = 0; r < count; r++) {
            use(q + n, p + r, out[n * FEW_ROWS + r]);
          }
        }
      }
    }
  }
}

}  // namespace tdro
