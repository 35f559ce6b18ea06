// Matrix products in vector registers.
//
// A panel is what a block of sums needs of one side: for each step of k a unit
// of 32 bits for each of its rows (columns), side by side. A unit is a float, or
// two numbers of 16 bits of successive k.
#pragma once
#include "packing.h"

namespace tdro {

// float32, one k a step. RUN steps are summed in a register, then added to the
// runs before: the longer a sum, the more a number added to it is rounded.
struct Floats {
  static constexpr int64_t STEP = 1, RUN = 64;
  // WIDTH units of one lane, `left` numbers of k before its end.
  static Units along(const float* lane, int64_t left) {
    return (Units)loadFirst(lane, left);
  }
  // One unit of each of `lanes` lanes.
  static Units across(const float* row, int64_t, int64_t, int64_t lanes) {
    return (Units)loadFirst(row, lanes);
  }
  using Sums = Lanes;
  static Sums dot(Sums sum, Units a, Units b) {
    return multiplyAdd((Lanes)a, (Lanes)b, sum);
  }
};

// Rounded to bfloat16, but multiplied as float32: for processors that know no
// better.
struct Rounded : Floats {
  static Units along(const float* lane, int64_t left) {
    return rounded((Lanes)Floats::along(lane, left));
  }
  static Units across(const float* row, int64_t stride, int64_t left,
                      int64_t lanes) {
    return rounded((Lanes)Floats::across(row, stride, left, lanes));
  }
};

// Two k a step, put into one unit by Packing; what is lost in sums is nothing
// beside 8 bits a number, and whole numbers lose nothing.
template <class Packing>
struct Twofold {
  static constexpr int64_t STEP = 2, RUN = INT64_MAX;
  static Units along(const float* lane, int64_t left) {
    return Packing::along(loadFirst(lane, left),
                          loadFirst(lane + WIDTH, left - WIDTH));
  }
  static Units across(const float* row, int64_t stride, int64_t left,
                      int64_t lanes) {
    return Packing::of(loadFirst(row, lanes),
                       loadFirst(row + stride, left > 1 ? lanes : 0));
  }
};

struct PackPairs {
  static Units along(Lanes low, Lanes high) { return pairsAlong(low, high); }
  static Units of(Lanes x, Lanes y) { return pairsOf(x, y); }
};
struct PackShorts {
  static Units along(Lanes low, Lanes high) { return shortsAlong(low, high); }
  static Units of(Lanes x, Lanes y) { return shortsOf(x, y); }
};

// Rounded to bfloat16.
struct Pairs : Twofold<PackPairs> {
  using Sums = Lanes;
  static Sums dot(Sums sum, Units a, Units b) { return dotPairs(sum, a, b); }
};

// Whole numbers of 16 bits, summed in 32 bits: twice as fast as float32 where
// there is nothing for bfloat16.
struct Shorts : Twofold<PackShorts> {
  using Sums = Wholes;
  static Sums dot(Sums sum, Units a, Units b) { return dotShorts(sum, a, b); }
};

// An engine: how large its blocks of sums are, how it packs and multiplies.
template <class Unit>
struct Vectors {
  // ROWS × 2 registers hold sums: of 32 that there are, or of 16.
  static constexpr int64_t ROWS = FEW_REGISTERS ? 6 : 12, COLUMNS = 2 * WIDTH;
  // Steps of k at a time, and bytes of the left side that stay in a core's own
  // cache (1 MiB or more where there is AVX-512, else often 256 or 512 KiB).
  static constexpr int64_t DEPTH = 512 * Unit::STEP, OWN_DEPTH = DEPTH / 2,
                           LEFT = (WIDTH == 16 ? 768 : 192) << 10;

  static int64_t steps(int64_t K) { return (K + Unit::STEP - 1) / Unit::STEP; }
  static int64_t leftBytes(int64_t K) { return steps(K) * ROWS * 4; }
  static int64_t rightBytes(int64_t K) { return steps(K) * COLUMNS * 4; }

  struct Scope {};

  // Packs `count` panels, the first of which starts at lane `at`.
  static void packLeft(const Side& side, int64_t at, int64_t count, char* out) {
    pack<ROWS>(side, at, count, (uint32_t*)out);
  }
  static void packRight(const Side& side, int64_t at, int64_t count,
                        char* out) {
    pack<COLUMNS>(side, at, count, (uint32_t*)out);
  }

  // The sums of one block, COLUMNS a row; of the rows from `rows` on nothing is
  // said. It leaves no register for anything in between: see tiles.h.
  static constexpr bool OVERLAPS = false;
  static int64_t pauses(int64_t) { return 0; }
  template <class Pause>
  static void multiply(const char* left, const char* right, int64_t K,
                       int64_t rows, float* sums, Pause) {
    atLeast<ROWS>(rows, (const uint32_t*)left, (const uint32_t*)right,
                  steps(K), sums);
  }

 private:
  template <int64_t W>
  static void pack(const Side& side, int64_t at, int64_t count,
                   uint32_t* out) {
    const int64_t all = steps(side.K), size = all * W;
    const auto part = [&](int64_t panel, int64_t step) {
      const int64_t lane = at + panel * W;
      packPart<W>(side, lane, step, std::min(WIDTH, all - step),
                  out + panel * size + step * W);
    };
    // Memory is read along its rows.
    if (side.deep) {
      for (int64_t panel = 0; panel < count; panel++) {
        for (int64_t step = 0; step < all; step += WIDTH) part(panel, step);
      }
    } else {
      for (int64_t step = 0; step < all; step += WIDTH) {
        for (int64_t panel = 0; panel < count; panel++) part(panel, step);
      }
    }
  }

  // Up to WIDTH steps of one panel.
  template <int64_t W>
  static void packPart(const Side& side, int64_t at, int64_t step,
                       int64_t count, uint32_t* out) {
    const int64_t k = step * Unit::STEP, left = side.K - k;
    // Where W is no multiple of WIDTH, the last group's units reach into the next
    // step's, which come on top.
    constexpr int64_t last = (W - 1) / WIDTH * WIDTH;
    for (int64_t group = last; group >= 0; group -= WIDTH) {
      const int64_t lanes =
          std::min(std::min(WIDTH, W - group), side.length - at - group);
      const auto put = [&](int64_t i, Units units) {
        uint32_t* to = out + i * W + group;
        if (i + 1 < count) store(to, units);
        else storeFirst(to, W - group, units);
      };
      if (side.deep) {
        Units units[WIDTH];
#pragma GCC unroll 16
        for (int64_t i = 0; i < WIDTH; i++) {
          units[i] = i < lanes ? Unit::along(side.lane(at + group + i, k), left)
                               : Units{};
        }
        transpose(units);
#pragma GCC unroll 16
        for (int64_t i = 0; i < WIDTH; i++) {
          if (i < count) put(i, units[i]);
        }
      } else {
        for (int64_t i = 0; i < count; i++) {
          const int64_t done = i * Unit::STEP;
          const float* row = side.row(k + done, at + group);
          put(i, Unit::across(row, side.stride, left - done, lanes));
        }
      }
    }
  }

  // The fewest rows, by steps of two, that are enough.
  template <int64_t R>
  static void atLeast(int64_t rows, const uint32_t* a, const uint32_t* b,
                      int64_t steps, float* sums) {
    constexpr int64_t fewer = R > 2 ? R - 2 : R - 1;
    if constexpr (fewer > 0) {
      if (rows <= fewer) return atLeast<fewer>(rows, a, b, steps, sums);
    }
    multiplyRows<R>(a, b, steps, sums);
  }

  template <int64_t R>
  static void multiplyRows(const uint32_t* a, const uint32_t* b, int64_t steps,
                           float* sums) {
    int64_t done = 0;
    do {
      const int64_t run = std::min(steps - done, Unit::RUN);
      typename Unit::Sums low[R], high[R];
      for (int r = 0; r < R; r++) low[r] = high[r] = typename Unit::Sums{};
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
      for (; k + AT_ONCE <= run; k += AT_ONCE) {
#pragma GCC unroll 4
        for (int i = 0; i < AT_ONCE; i++) step();
      }
      for (; k < run; k++) step();
      for (int r = 0; r < R; r++) {
        float* const to = sums + r * COLUMNS;
        put(to, __builtin_convertvector(low[r], Lanes), done > 0);
        put(to + WIDTH, __builtin_convertvector(high[r], Lanes), done > 0);
      }
      done += run;
    } while (done < steps);
  }

  ALWAYS_INLINE static void put(float* to, Lanes v, bool more) {
    store(to, more ? load(to) + v : v);
  }
};

}  // namespace tdro
