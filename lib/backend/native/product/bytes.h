// Products of whole numbers of 8 bits, for inference: rows that are quantised as
// they come, each to 0 … 255 from its own least number to its largest, times
// weights that were quantised once, each output to ±127 by its own largest.
//
// A panel is laid as in vectors.h: for each step of k a unit of 32 bits for each
// row (column), side by side. A unit is four bytes of successive k where the
// processor multiplies those, else two numbers of 16 bits. Sums are exact, so
// all forms have the same.
#pragma once
#include <algorithm>

#include "lanes.h"

namespace tdro {

// Bytes. Those of the left side count from the row's least number, as the
// instruction takes none below 0: what is too much, each row's zero times a
// column's sum, is taken off in the end.
struct Fours {
  static constexpr int64_t STEP = 4;
  static constexpr bool FROM_LEAST = true;
  using Number = int8_t;
  typedef Number Stored __attribute__((vector_size(WIDTH), may_alias));
  static Wholes dot(Wholes sum, Units a, Units b) {
    return dotBytes(sum, a, b);
  }
};
struct Twos {
  static constexpr int64_t STEP = 2;
  static constexpr bool FROM_LEAST = false;
  using Number = int16_t;
  typedef Number Stored __attribute__((vector_size(2 * WIDTH), may_alias));
  static Wholes dot(Wholes sum, Units a, Units b) {
    return dotShorts(sum, a, b);
  }
};

// How a row's numbers are quantised: x = whole · scale, of which there are
// `count` steps between the least and the largest, or 0 where that is beyond. The
// scale of a row with NaN or an infinity is NaN; numbers too small to divide by
// are 0.
struct Steps {
  float up, scale;
  int32_t zero;  // steps from the least number to 0

  Steps(float least, float largest, bool finite, float count) {
    const float range = largest - least;
    finite = finite && range <= 3e38f;
    up = finite && range >= 1e-36f ? count / range : 0.0f;
    scale = finite ? range / count : NAN;
    zero = (int32_t)std::nearbyint(-least * up);
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
  // sum and scale stand before.
  static int64_t leftUnits(int64_t K) { return steps(K) * ROWS; }
  static int64_t rightUnits(int64_t K) { return (steps(K) + 2) * COLUMNS; }

  // Quantises a row of K numbers of the left side. What comes after counts
  // nothing, as the right side has zeros there.
  static Steps quantiseLeft(const float* x, int64_t K, uint32_t* units) {
    Lanes least{}, largest{}, odd{};
    eachOf(x, K, K, [&](Lanes v) {
      least = v < least ? v : least;
      largest = v > largest ? v : largest;
      odd += v * 0.0f;  // NaN, if any is not finite
    });
    const Steps steps(-largestOf(-least), largestOf(largest),
                      sumOf(odd) == 0.0f, 255);
    const int32_t most = 255 - steps.zero;
    const int32_t before = Unit::FROM_LEAST ? steps.zero : 0;
    put(x, K, units, steps.up, [&](Wholes v) {
      return (v < most ? v : Wholes{} + most) + before;
    });
    return steps;
  }

  // The same of the right side, where 0 is in the middle. Returns its scale.
  static float quantiseRight(const float* x, int64_t K, uint32_t* units) {
    Lanes largest{}, odd{};
    eachOf(x, K, K, [&](Lanes v) {
      const Lanes size = v < 0.0f ? -v : v;
      largest = size > largest ? size : largest;
      odd += v * 0.0f;
    });
    const Steps steps(0, largestOf(largest), sumOf(odd) == 0.0f, 127);
    put(x, K, units, steps.up, [](Wholes v) { return v; });
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
    const float* scales;
    const int32_t* zeros;
    const float* bias;
    float* c;
    int64_t stride, rows, columns;
  };
  static void multiply(const Block& block, int64_t K) {
    atLeast<ROWS>(block, steps(K));
  }

 private:
  // Calls use(numbers) for K numbers, and for zeros up to `end`.
  template <class Use>
  ALWAYS_INLINE static void eachOf(const float* x, int64_t K, int64_t end,
                                   Use use) {
    int64_t k = 0;
    for (; k + WIDTH <= K; k += WIDTH) use(load(x + k));
    for (; k < end; k += WIDTH) use(loadFirst(x + k, K - k));
  }

  // Stores a row's whole numbers, each through f.
  template <class F>
  ALWAYS_INLINE static void put(const float* x, int64_t K, uint32_t* units,
                                float up, F f) {
    using Stored = typename Unit::Stored;
    Stored* to = (Stored*)units;
    eachOf(x, K, rowUnits(K) * Unit::STEP, [&](Lanes v) {
      store(to++, __builtin_convertvector(f(nearest(v * up)), Stored));
    });
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
    for (int r = 0; r < R; r++) low[r] = high[r] = Wholes{};
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
    finish<R>(block, low, 0);
    finish<R>(block, high, WIDTH);
  }

  template <int64_t R>
  ALWAYS_INLINE static void finish(const Block& block, const Wholes* sums,
                                   int64_t column) {
    const Wholes ofColumn = load<Wholes>(block.right + column);
    const Lanes scale = load(block.right + COLUMNS + column);
    const int64_t inside = block.columns - column;
    const Lanes bias =
        block.bias ? loadFirst(block.bias + column, inside) : Lanes{};
    for (int64_t r = 0; r < R; r++) {
      if (r >= block.rows) break;
      const Wholes sum =
          Unit::FROM_LEAST ? sums[r] - ofColumn * block.zeros[r] : sums[r];
      const Lanes v = __builtin_convertvector(sum, Lanes);
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
