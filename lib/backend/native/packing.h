// Reading a part of a matrix into the order in which an engine multiplies it.
#pragma once
#include <immintrin.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace tdro {

// What is packed: rows of the left side or columns of the right one ("lanes"),
// over k in [k0, k0 + K). Beyond `length` lanes come zeros.
struct Side {
  const float* data;
  int64_t stride;
  bool deep;  // numbers of successive k lie side by side in memory
  int64_t length, k0, K;

  // Where lane `lane` starts at k0 + k, for the two layouts.
  const float* lane(int64_t lane, int64_t k) const {
    return data + lane * stride + k0 + k;
  }
  const float* row(int64_t k, int64_t lane) const {
    return data + (k0 + k) * stride + lane;
  }
};

inline __mmask16 firstOf(int64_t count) {
  return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1);
}

// What makes pairs of rows, `S` apart, of which each gets half of the other.
template <int S>
struct Halves {
  alignas(64) int32_t first[16], second[16];
  constexpr Halves() : first(), second() {
    for (int j = 0; j < 16; j++) {
      first[j] = j & S ? 16 + j - S : j;
      second[j] = j & S ? 16 + j : j + S;
    }
  }
};

template <int S>
inline void exchange(__m512i* r) {
  static constexpr Halves<S> halves;
  const __m512i f = _mm512_load_si512(halves.first);
  const __m512i g = _mm512_load_si512(halves.second);
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) {
    if (i & S) continue;
    const __m512i a = r[i], b = r[i + S];
    r[i] = _mm512_permutex2var_epi32(a, f, b);
    r[i + S] = _mm512_permutex2var_epi32(a, g, b);
  }
}

// 16 × 16 numbers of 32 bits, transposed in registers.
inline void transpose(__m512i* r) {
  exchange<1>(r);
  exchange<2>(r);
  exchange<4>(r);
  exchange<8>(r);
}

}  // namespace tdro
