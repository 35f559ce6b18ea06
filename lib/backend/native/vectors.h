// Matrix products in vector registers (AVX-512).
//
// A panel is what a block of sums needs of one side: for each step of k a unit
// of 32 bits for each of its rows (columns), side by side. A unit is a float, or
// two bfloat16 of successive k.
#pragma once
#include "packing.h"

namespace tdro {

// float32, one k a step.
struct Floats {
  static constexpr int64_t STEP = 1;
  // 16 units of one lane, `left` numbers of k before its end.
  static __m512i along(const float* lane, int64_t left) {
    return _mm512_castps_si512(_mm512_maskz_loadu_ps(firstOf(left), lane));
  }
  // One unit of 16 lanes.
  static __m512i across(const float* row, int64_t, int64_t, __mmask16 mask) {
    return _mm512_castps_si512(_mm512_maskz_loadu_ps(mask, row));
  }
  static __m512 dot(__m512 sum, __m512i a, __m512i b) {
    return _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sum);
  }
};

#ifdef __AVX512BF16__
// Rounded to bfloat16, two k a step.
struct Pairs {
  static constexpr int64_t STEP = 2;
  static __m512i along(const float* lane, int64_t left) {
    const __m512 low = _mm512_maskz_loadu_ps(firstOf(left), lane);
    const __m512 high = _mm512_maskz_loadu_ps(firstOf(left - 16), lane + 16);
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
  }
  static __m512i across(const float* row, int64_t stride, int64_t left,
                        __mmask16 mask) {
    const __m512 even = _mm512_maskz_loadu_ps(mask, row);
    const __m512 odd =
        _mm512_maskz_loadu_ps(left > 1 ? mask : (__mmask16)0, row + stride);
    const __m512i e = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even));
    const __m512i o = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd));
    return _mm512_or_si512(e, _mm512_slli_epi32(o, 16));
  }
  static __m512 dot(__m512 sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
  }
};
#endif

// An engine: how large its blocks of sums are, how it packs and multiplies.
template <class Unit>
struct Vectors {
  // 12 × 2 registers of sums, of 32 that there are.
  static constexpr int64_t ROWS = 12, COLUMNS = 32;
  // Steps of k at a time, and bytes of the left side that stay in a core's own
  // cache (1 MiB or more where there is AVX-512).
  static constexpr int64_t DEPTH = 512 * Unit::STEP, LEFT = 768 << 10;

  static int64_t steps(int64_t K) { return (K + Unit::STEP - 1) / Unit::STEP; }
  static int64_t leftBytes(int64_t K) { return steps(K) * ROWS * 4; }
  static int64_t rightBytes(int64_t K) { return steps(K) * COLUMNS * 4; }

  struct Scope {};

  // Packs `count` panels, the first of which starts at lane `at`.
  static void packLeft(const Side& side, int64_t at, int64_t count, char* out) {
    pack<ROWS>(side, at, count, (int32_t*)out);
  }
  static void packRight(const Side& side, int64_t at, int64_t count,
                        char* out) {
    pack<COLUMNS>(side, at, count, (int32_t*)out);
  }

  // The sums of one block, 32 a row; of the rows from `rows` on nothing is said.
  static void multiply(const char* left, const char* right, int64_t K,
                       int64_t rows, float* sums) {
    const auto run = [&]<int R>() {
      multiplyRows<R>((const int32_t*)left, (const int32_t*)right, steps(K),
                      sums);
    };
    switch (std::min(rows, ROWS)) {
      case 1: return run.template operator()<1>();
      case 2: return run.template operator()<2>();
      case 3: case 4: return run.template operator()<4>();
      case 5: case 6: return run.template operator()<6>();
      case 7: case 8: return run.template operator()<8>();
      case 9: case 10: return run.template operator()<10>();
      default: return run.template operator()<12>();
    }
  }

 private:
  template <int64_t W>
  static void pack(const Side& side, int64_t at, int64_t count, int32_t* out) {
    const int64_t all = steps(side.K), size = all * W;
    const auto part = [&](int64_t panel, int64_t step) {
      const int64_t lane = at + panel * W;
      packPart<W>(side, lane, step, std::min<int64_t>(16, all - step),
                  out + panel * size + step * W);
    };
    // Memory is read along its rows.
    if (side.deep) {
      for (int64_t panel = 0; panel < count; panel++) {
        for (int64_t step = 0; step < all; step += 16) part(panel, step);
      }
    } else {
      for (int64_t step = 0; step < all; step += 16) {
        for (int64_t panel = 0; panel < count; panel++) part(panel, step);
      }
    }
  }

  // Up to 16 steps of one panel.
  template <int64_t W>
  static void packPart(const Side& side, int64_t at, int64_t step,
                       int64_t count, int32_t* out) {
    const int64_t k = step * Unit::STEP, left = side.K - k;
    for (int64_t group = 0; group < W; group += 16) {
      const int64_t lanes =
          std::min(std::min<int64_t>(16, W - group), side.length - at - group);
      // Where W is no multiple of 16, the next step's units come on top.
      const auto put = [&](int64_t i, __m512i unit) {
        int32_t* to = out + i * W + group;
        if (i + 1 < count) {
          _mm512_storeu_si512(to, unit);
        } else {
          _mm512_mask_storeu_epi32(to, firstOf(W - group), unit);
        }
      };
      if (side.deep) {
        __m512i units[16];
#pragma GCC unroll 16
        for (int64_t i = 0; i < 16; i++) {
          units[i] = i < lanes ? Unit::along(side.lane(at + group + i, k), left)
                               : _mm512_setzero_si512();
        }
        transpose(units);
#pragma GCC unroll 16
        for (int64_t i = 0; i < 16; i++) {
          if (i < count) put(i, units[i]);
        }
      } else {
        for (int64_t i = 0; i < count; i++) {
          const int64_t done = i * Unit::STEP;
          const float* row = side.row(k + done, at + group);
          put(i, Unit::across(row, side.stride, left - done, firstOf(lanes)));
        }
      }
    }
  }

  template <int R>
  static void multiplyRows(const int32_t* a, const int32_t* b, int64_t steps,
                           float* sums) {
    __m512 low[R], high[R];
    for (int r = 0; r < R; r++) low[r] = high[r] = _mm512_setzero_ps();
    for (int64_t k = 0; k < steps; k++) {
      const __m512i first = _mm512_loadu_si512(b);
      const __m512i second = _mm512_loadu_si512(b + 16);
#pragma GCC unroll 12
      for (int r = 0; r < R; r++) {
        const __m512i x = _mm512_set1_epi32(a[r]);
        low[r] = Unit::dot(low[r], x, first);
        high[r] = Unit::dot(high[r], x, second);
      }
      a += ROWS;
      b += COLUMNS;
    }
    for (int r = 0; r < R; r++) {
      _mm512_store_ps(sums + r * 32, low[r]);
      _mm512_store_ps(sums + r * 32 + 16, high[r]);
    }
  }
};

}  // namespace tdro
