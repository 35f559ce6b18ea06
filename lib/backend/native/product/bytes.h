// Products of whole numbers of at most ±127, for inference: rows that are
// quantised as they come, each by its own largest number, times weights that were
// quantised once, each output by its own.
//
// A panel is laid as in vectors.h: for each step of k a unit of 32 bits for each
// row (column), side by side. A unit is four bytes of successive k where the
// processor multiplies those, else two numbers of 16 bits. Sums are exact, so
// all forms have the same.
#pragma once
#include <algorithm>

#include "lanes.h"

namespace tdro {

// Bytes; the left side's are 0 … 255, as the instruction wants them: MIDDLE too
// large, for which each column's sums start lower.
struct Fours {
  static constexpr int64_t STEP = 4;
  static constexpr int32_t MIDDLE = 128;
  using Number = int8_t;
  typedef Number Stored __attribute__((vector_size(WIDTH), may_alias));
  static Wholes dot(Wholes sum, Units a, Units b) {
    return dotBytes(sum, a, b);
  }
};
struct Twos {
  static constexpr int64_t STEP = 2;
  static constexpr int32_t MIDDLE = 0;
  using Number = int16_t;
  typedef Number Stored __attribute__((vector_size(2 * WIDTH), may_alias));
  static Wholes dot(Wholes sum, Units a, Units b) {
    return dotShorts(sum, a, b);
  }
};

// A number's steps: x = whole · scale, |whole| <= 127. Of a row with NaN or an
// infinity NaN; numbers too small to divide by are 0.
struct Steps {
  float up, scale;

  // From the bits of the row's largest number, without its sign.
  explicit Steps(uint32_t largest) {
    float top;
    std::memcpy(&top, &largest, sizeof top);
    const bool finite = largest < 0x7f800000;
    up = finite && top >= 1e-36f ? 127.0f / top : 0.0f;
    scale = finite ? top / 127.0f : NAN;
  }
};

template <class Unit>
struct BytePanels {
  static constexpr int64_t ROWS = FEW_REGISTERS ? 6 : 12, COLUMNS = 2 * WIDTH;

  static int64_t steps(int64_t K) { return (K + Unit::STEP - 1) / Unit::STEP; }
  // Units of a row before it is part of a panel.
  static int64_t rowUnits(int64_t K) {
    return (steps(K) + WIDTH - 1) / WIDTH * WIDTH;
  }
  // Units of a panel of the left side, and of the right one: there, each column's
  // start and scale stand before.
  static int64_t leftUnits(int64_t K) { return steps(K) * ROWS; }
  static int64_t rightUnits(int64_t K) { return (steps(K) + 2) * COLUMNS; }

  // Quantises a row of K numbers; what comes after counts nothing, as long as
  // one side has zeros there. Returns its scale.
  static float quantise(const float* x, int64_t K, int32_t middle,
                        uint32_t* units) {
    Units largest{};
    int64_t k = 0;
    for (; k + WIDTH <= K; k += WIDTH) largest = larger(largest, load(x + k));
    largest = larger(largest, loadFirst(x + k, K - k));
    const Steps steps(largestOf(largest));
    typename Unit::Stored* to = (typename Unit::Stored*)units;
    const auto put = [&](Lanes v) {
      store(to++, __builtin_convertvector(nearest(v * steps.up) + middle,
                                          typename Unit::Stored));
    };
    for (k = 0; k + WIDTH <= K; k += WIDTH) put(load(x + k));
    for (const int64_t end = rowUnits(K) * Unit::STEP; k < end; k += WIDTH) {
      put(loadFirst(x + k, K - k));
    }
    return steps.scale;
  }

  // Rows of units, `lanes` of them, as a panel of W; it may write WIDTH units
  // too many.
  template <int64_t W>
  static void pack(const uint32_t* rows, int64_t lanes, int64_t K,
                   uint32_t* out) {
    const int64_t all = steps(K), stride = rowUnits(K);
    for (int64_t step = 0; step < all; step += WIDTH) {
      const int64_t count = std::min(WIDTH, all - step);
      // Where W is no multiple of WIDTH, units of the last group reach into the
      // next step's, which come on top.
      constexpr int64_t last = (W - 1) / WIDTH * WIDTH;
      for (int64_t group = last; group >= 0; group -= WIDTH) {
        Units units[WIDTH];
#pragma GCC unroll 16
        for (int64_t i = 0; i < WIDTH; i++) {
          units[i] = group + i < lanes
                         ? load<Units>(rows + (group + i) * stride + step)
                         : Units{};
        }
        transpose(units);
#pragma GCC unroll 16
        for (int64_t i = 0; i < WIDTH; i++) {
          if (i < count) store(out + (step + i) * W + group, units[i]);
        }
      }
    }
  }

  // What a block of C is made of: `rows` rows from `left`, with their scales,
  // and `columns` columns of one panel of the right side.
  struct Block {
    const uint32_t *left, *right;
    const float *scales, *bias;
    float* c;
    int64_t stride, rows, columns;
  };
  static void multiply(const Block& block, int64_t K) {
    atLeast<ROWS>(block, steps(K));
  }

 private:
  static Units larger(Units a, Lanes x) {
    const Units b = (Units)x & 0x7fffffff;
    return a > b ? a : b;
  }

  // The fewest rows, by steps of two, that are enough.
  template <int64_t R>
  static void atLeast(const Block& block, int64_t steps) {
    constexpr int64_t fewer = R > 2 ? R - 2 : R - 1;
    if constexpr (fewer > 0) {
      if (block.rows <= fewer) return atLeast<fewer>(block, steps);
    }
    multiplyRows<R>(block, steps);
  }

  template <int64_t R>
  static void multiplyRows(const Block& block, int64_t steps) {
    const uint32_t *a = block.left, *b = block.right;
    Wholes low[R], high[R];
    for (int r = 0; r < R; r++) {
      low[r] = load<Wholes>(b);
      high[r] = load<Wholes>(b + WIDTH);
    }
    const Lanes lowScale = load(b + COLUMNS);
    const Lanes highScale = load(b + COLUMNS + WIDTH);
    b += 2 * COLUMNS;
    const auto step = [&] {
      const Units first = load<Units>(b), second = load<Units>(b + WIDTH);
#pragma GCC unroll 12
      for (unsigned r = 0; r < R; r++) {
        const Units x = Units{} + a[r];
        low[r] = Unit::dot(low[r], x, first);
        high[r] = Unit::dot(high[r], x, second);
        keepOrder(low[r], high[r]);
      }
      a += ROWS;
      b += COLUMNS;
    };
    int64_t k = 0;
    for (; k + AT_ONCE <= steps; k += AT_ONCE) {
#pragma GCC unroll 4
      for (int i = 0; i < AT_ONCE; i++) step();
    }
    for (; k < steps; k++) step();
    finish<R>(block, low, lowScale, 0);
    finish<R>(block, high, highScale, WIDTH);
  }

  template <int64_t R>
  ALWAYS_INLINE static void finish(const Block& block, const Wholes* sums,
                                   Lanes scale, int64_t column) {
    const int64_t inside = block.columns - column;
    const Lanes bias =
        block.bias ? loadFirst(block.bias + column, inside) : Lanes{};
    for (int64_t r = 0; r < R; r++) {
      if (r >= block.rows) break;
      const Lanes v = __builtin_convertvector(sums[r], Lanes);
      storeFirst(block.c + r * block.stride + column, inside,
                 v * (scale * block.scales[r]) + bias);
    }
  }
};

#ifdef TDRO_BYTES
using Bytes = Fours;
#else
using Bytes = Twos;
#endif

}  // namespace tdro
