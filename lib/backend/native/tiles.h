// Packing floats into tiles of bfloat16, and the product of tiles.
//
// A tile of the left side holds 16 rows and 32 columns (k). A tile of the right
// side holds 16 columns; its row p has the pair of k = 2p and 2p + 1 of each. One
// is the other transposed, taking a pair as one number of 32 bits.
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "gemm.h"

namespace tdro {

constexpr int64_t EDGE = 16, DEPTH = 32, TILE_BYTES = 1024;

// Bytes of 16 rows (or columns) over K, packed.
inline int64_t stripBytes(int64_t K, int parts) {
  return (K + DEPTH - 1) / DEPTH * parts * TILE_BYTES;
}

// The parts of 32 numbers that lie side by side: low 16, high 16.
template <int P>
inline void splitRow(__m512 low, __m512 high, __m512i* out) {
  if constexpr (P == 1) {
    out[0] = (__m512i)_mm512_cvtne2ps_pbh(high, low);
  } else {
    const __m512i top = _mm512_set1_epi32(0xffff0000);
    alignas(64) static constexpr uint16_t odd[32] = {
        1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
        33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
    const __m512i halves = _mm512_load_si512(odd);
    for (int p = 0; p < P; p++) {
      const __m512i l = _mm512_and_si512(_mm512_castps_si512(low), top);
      const __m512i h = _mm512_and_si512(_mm512_castps_si512(high), top);
      out[p] = _mm512_permutex2var_epi16(l, halves, h);
      low = _mm512_sub_ps(low, _mm512_castsi512_ps(l));
      high = _mm512_sub_ps(high, _mm512_castsi512_ps(h));
    }
  }
}

// The parts of 16 pairs: `even` of k = 2p, `odd` of k = 2p + 1.
template <int P>
inline void splitPairs(__m512 even, __m512 odd, __m512i* out) {
  if constexpr (P == 1) {
    const __m512i e =
        _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even));
    const __m512i o = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd));
    out[0] = _mm512_or_si512(e, _mm512_slli_epi32(o, 16));
  } else {
    const __m512i top = _mm512_set1_epi32(0xffff0000);
    for (int p = 0; p < P; p++) {
      const __m512i e = _mm512_and_si512(_mm512_castps_si512(even), top);
      const __m512i o = _mm512_and_si512(_mm512_castps_si512(odd), top);
      out[p] = _mm512_or_si512(_mm512_srli_epi32(e, 16), o);
      even = _mm512_sub_ps(even, _mm512_castsi512_ps(e));
      odd = _mm512_sub_ps(odd, _mm512_castsi512_ps(o));
    }
  }
}

// 16 × 16 numbers of 32 bits, transposed in registers by halving.
inline void transpose(__m512i* r) {
  for (int s = 1; s < 16; s *= 2) {
    alignas(64) int32_t first[16], second[16];
    for (int j = 0; j < 16; j++) {
      first[j] = j & s ? 16 + j - s : j;
      second[j] = j & s ? 16 + j : j + s;
    }
    const __m512i f = _mm512_load_si512(first), g = _mm512_load_si512(second);
    for (int i = 0; i < 16; i++) {
      if (i & s) continue;
      const __m512i a = r[i], b = r[i + s];
      r[i] = _mm512_permutex2var_epi32(a, f, b);
      r[i + s] = _mm512_permutex2var_epi32(a, g, b);
    }
  }
}

inline __mmask16 firstOf(int64_t count) {
  return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1);
}

// What is packed: `count` strips of 16 rows (columns) from `at` on, over k in
// [k0, k0 + K). `length` is how many rows (columns) there are; beyond it come
// zeros. `deep`: numbers of successive k lie side by side in memory. `pairs`: for
// the right side.
struct Strips {
  const float* data;
  int64_t stride;
  bool deep, pairs;
  int64_t at, count, length, k0, K;
};

// One tile of each part: 16 rows (columns) from `at`, 32 steps of k from `k`.
template <int P>
inline void packTile(const Strips& s, int64_t at, int64_t k, char* out) {
  __m512i tile[P][16], parts[P];
  const int64_t left = s.K - k;
  for (int i = 0; i < 16; i++) {
    __m512 x = _mm512_setzero_ps(), y = x;
    if (s.deep) {
      const float* row = s.data + (at + i) * s.stride + s.k0 + k;
      if (at + i < s.length) {
        x = _mm512_maskz_loadu_ps(firstOf(left), row);
        y = _mm512_maskz_loadu_ps(firstOf(left - 16), row + 16);
      }
      splitRow<P>(x, y, parts);
    } else {
      const float* row = s.data + (s.k0 + k + 2 * i) * s.stride + at;
      const __mmask16 mask = firstOf(s.length - at);
      if (2 * i < left) x = _mm512_maskz_loadu_ps(mask, row);
      if (2 * i + 1 < left) y = _mm512_maskz_loadu_ps(mask, row + s.stride);
      splitPairs<P>(x, y, parts);
    }
    for (int p = 0; p < P; p++) tile[p][i] = parts[p];
  }
  for (int p = 0; p < P; p++) {
    if (s.deep == s.pairs) transpose(tile[p]);
    for (int i = 0; i < 16; i++) {
      _mm512_store_si512(out + p * TILE_BYTES + i * 64, tile[p][i]);
    }
  }
}

// Packs strips one after the other; memory is read along its rows.
template <int P>
void packStrips(const Strips& s, char* out) {
  const int64_t steps = (s.K + DEPTH - 1) / DEPTH, size = stripBytes(s.K, P);
  const auto pack = [&](int64_t strip, int64_t step) {
    packTile<P>(s, s.at + strip * EDGE, step * DEPTH,
                out + strip * size + step * P * TILE_BYTES);
  };
  if (s.deep) {
    for (int64_t strip = 0; strip < s.count; strip++) {
      for (int64_t step = 0; step < steps; step++) pack(strip, step);
    }
  } else {
    for (int64_t step = 0; step < steps; step++) {
      for (int64_t strip = 0; strip < s.count; strip++) pack(strip, step);
    }
  }
}

// Makes the tile registers of this thread ready, and idle again.
class TileScope {
 public:
  TileScope() {
    alignas(64) uint8_t shape[64] = {1};
    for (int i = 0; i < 8; i++) {
      const uint16_t bytes = 64;
      std::memcpy(shape + 16 + 2 * i, &bytes, 2);
      shape[48 + i] = 16;
    }
    _tile_loadconfig(shape);
  }
  ~TileScope() { _tile_release(); }
};

// 32 × 32 sums over `depth` steps of k: tiles 0 … 3 hold the sums, 4 and 5 two of
// the left side, 6 and 7 two of the right side.
template <int P>
inline void multiplyTiles(const char* a0, const char* a1, const char* b0,
                          const char* b1, int64_t depth, float* sums) {
  // GCC's tile loads don't say that they read memory.
  asm volatile("" ::: "memory");
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  const auto left = [&](int part) {
    _tile_loadd(4, a0 + part * TILE_BYTES, 64);
    _tile_loadd(5, a1 + part * TILE_BYTES, 64);
  };
  const auto right = [&](int part) {
    _tile_loadd(6, b0 + part * TILE_BYTES, 64);
    _tile_loadd(7, b1 + part * TILE_BYTES, 64);
  };
  const auto products = [] {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  };
  for (int64_t k = 0; k < depth; k++) {
    left(0), right(0), products();
    if constexpr (P == 3) {
      // One side changes at a time: after (0,0) come (0,2) (0,1) (1,1) (1,0) (2,0).
      right(2), products();
      right(1), products();
      left(1), products();
      right(0), products();
      left(2), products();
    }
    a0 += P * TILE_BYTES, a1 += P * TILE_BYTES;
    b0 += P * TILE_BYTES, b1 += P * TILE_BYTES;
  }
  _tile_stored(0, sums, 128);
  _tile_stored(1, sums + 16, 128);
  _tile_stored(2, sums + 16 * 32, 128);
  _tile_stored(3, sums + 16 * 32 + 16, 128);
}

}  // namespace tdro
