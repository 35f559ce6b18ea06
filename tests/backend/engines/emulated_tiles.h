// Intel AMX in plain C++, for processors without it: included before all else,
// so that the kernels' tiles compile and run on any x86.
#pragma once
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#define __AMX_BF16__ 1
#define __AMX_INT8__ 1

namespace emulated {

struct Tile {
  unsigned char bytes[1024];
};
inline thread_local Tile tiles[8];

inline void load(int tile, const void* from, size_t stride) {
  for (int r = 0; r < 16; r++) {
    std::memcpy(tiles[tile].bytes + 64 * r, (const char*)from + r * stride, 64);
  }
}

inline void store(int tile, void* to, size_t stride) {
  for (int r = 0; r < 16; r++) {
    std::memcpy((char*)to + r * stride, tiles[tile].bytes + 64 * r, 64);
  }
}

inline float widen(uint16_t bits) {
  const uint32_t wide = (uint32_t)bits << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

// 16 rows of 16 groups of numbers by such groups of 16 columns, added to
// 16 × 16 sums. The programs are compiled in a hurry; here they spend their time.
template <class Sum, class Number, int GROUP, class Widen>
[[gnu::optimize("O3")]] inline void multiply(int sums, int left, int right, Widen widen) {
  Sum c[16][16];
  Number a[16][16][GROUP], b[16][16][GROUP];
  std::memcpy(c, tiles[sums].bytes, sizeof c);
  std::memcpy(a, tiles[left].bytes, sizeof a);
  std::memcpy(b, tiles[right].bytes, sizeof b);
  for (int m = 0; m < 16; m++) {
    for (int k = 0; k < 16; k++) {
      for (int n = 0; n < 16; n++) {
        for (int i = 0; i < GROUP; i++) {
          c[m][n] += widen(a[m][k][i]) * widen(b[k][n][i]);
        }
      }
    }
  }
  std::memcpy(tiles[sums].bytes, c, sizeof c);
}

inline void multiplyPairs(int sums, int left, int right) {
  multiply<float, uint16_t, 2>(sums, left, right, widen);
}

inline void multiplyBytes(int sums, int left, int right) {
  multiply<int32_t, int8_t, 4>(sums, left, right,
                               [](int8_t x) { return (int32_t)x; });
}

}  // namespace emulated

#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#undef _tile_dpbssd
#define _tile_loadconfig(shape) ((void)(shape))
#define _tile_release() ((void)0)
#define _tile_zero(tile) std::memset(emulated::tiles[tile].bytes, 0, 1024)
#define _tile_loadd(tile, from, stride) emulated::load(tile, from, stride)
#define _tile_stored(tile, to, stride) emulated::store(tile, to, stride)
#define _tile_dpbf16ps(sums, a, b) emulated::multiplyPairs(sums, a, b)
#define _tile_dpbssd(sums, a, b) emulated::multiplyBytes(sums, a, b)
// Linux would refuse the request for the tiles' registers.
#define syscall(...) 0L
