// Products of rows with few queries, straight from memory: to rearrange the rows
// first would take longer than to multiply them.
#pragma once
#include <algorithm>
#include <cstdint>

#include "lanes.h"

namespace tdro {

// Rows and queries of floats.
struct FloatNumbers {
  using Row = float;
  using Query = float;
  using Values = Lanes;
  using Sums = Lanes;
  using Total = float;
  static constexpr int64_t STEP = WIDTH;
  static Values row(const Row* at) { return load(at); }
  static Values query(const Query* at) { return load(at); }
  static Sums dot(Sums sum, Values a, Values b) {
    return multiplyAdd(a, b, sum);
  }
  static Total total(Sums sum) { return sumOf(sum); }
};

// Rows of whole numbers of 8 bits, queries of 16.
struct ByteNumbers {
  using Row = int8_t;
  using Query = int16_t;
  using Values = Units;
  using Sums = Wholes;
  using Total = int32_t;
  static constexpr int64_t STEP = 2 * WIDTH;
  static Values row(const Row* at) { return shortsOf(at); }
  static Values query(const Query* at) { return load<Units>(at); }
  static Sums dot(Sums sum, Values a, Values b) { return dotShorts(sum, a, b); }
  static Total total(Sums sum) { return sumOf(sum); }
};

// How many are multiplied at a time: their sums, and they, are in registers.
constexpr int FEW_ROWS = 4, FEW_AT_ONCE = FEW_REGISTERS ? 2 : 4;

// The products of R rows, D numbers each, with N queries: [N, FEW_ROWS].
template <class Numbers, int R, int N>
ALWAYS_INLINE void productsOf(const typename Numbers::Row* rows,
                              const typename Numbers::Query* queries,
                              int64_t D, float* out) {
  using Values = typename Numbers::Values;
  using Total = typename Numbers::Total;
  typename Numbers::Sums sums[R][N] = {};
  int64_t whole = 0;
  for (; whole + Numbers::STEP <= D; whole += Numbers::STEP) {
    Values y[N];
#pragma GCC unroll 4
    for (int n = 0; n < N; n++) y[n] = Numbers::query(queries + n * D + whole);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      const Values x = Numbers::row(rows + r * D + whole);
#pragma GCC unroll 4
      for (int n = 0; n < N; n++) {
        sums[r][n] = Numbers::dot(sums[r][n], x, y[n]);
      }
    }
  }
  for (int r = 0; r < R; r++) {
    for (int n = 0; n < N; n++) {
      Total total = Numbers::total(sums[r][n]);
      for (int64_t d = whole; d < D; d++) {
        total += (Total)rows[r * D + d] * (Total)queries[n * D + d];
      }
      out[n * FEW_ROWS + r] = (float)total;
    }
  }
}

// Calls use(query, row, product) for all queries and the rows [from, to).
template <class Numbers, class Use>
void eachProduct(const typename Numbers::Row* rows, int64_t from, int64_t to,
                 const typename Numbers::Query* queries, int64_t Q, int64_t D,
                 Use use) {
  // Rows that stay in a core's own cache while all queries pass by.
  const int64_t block =
      std::max<int64_t>(FEW_ROWS, (64 << 10) / (D * (int64_t)sizeof(*rows)) /
                                      FEW_ROWS * FEW_ROWS);
  float out[FEW_AT_ONCE * FEW_ROWS];
  for (int64_t start = from; start < to; start += block) {
    const int64_t end = std::min(start + block, to);
    for (int64_t q = 0; q < Q; q += FEW_AT_ONCE) {
      const int64_t some = std::min<int64_t>(FEW_AT_ONCE, Q - q);
      const auto* at = queries + q * D;
      for (int64_t p = start; p < end; p += FEW_ROWS) {
        const int64_t count = std::min<int64_t>(FEW_ROWS, end - p);
        const auto* x = rows + p * D;
        if (count == FEW_ROWS && some == FEW_AT_ONCE) {
          productsOf<Numbers, FEW_ROWS, FEW_AT_ONCE>(x, at, D, out);
        } else if (count == FEW_ROWS) {
          for (int64_t n = 0; n < some; n++) {
            productsOf<Numbers, FEW_ROWS, 1>(x, at + n * D, D,
                                             out + n * FEW_ROWS);
          }
        } else {
          for (int64_t n = 0; n < some; n++) {
            for (int64_t r = 0; r < count; r++) {
              productsOf<Numbers, 1, 1>(x + r * D, at + n * D, D,
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
