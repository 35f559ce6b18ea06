// Matrix products in tiles (Intel AMX).
//
// A tile of the left side holds 16 rows and 32 columns (k). A tile of the right
// side holds 16 columns; its row p has the pair of k = 2p and 2p + 1 of each. One
// is the other transposed, taking a pair as one number of 32 bits.
#pragma once
#include <sys/syscall.h>
#include <unistd.h>

#include "packing.h"

namespace tdro {

constexpr int64_t EDGE = 16, TILE_BYTES = 1024;

// Whether this process may use the registers: Linux gives them when asked.
inline bool tilesGranted() {
  constexpr int REQUEST = 0x1023, TILE_DATA = 18;
  static const bool granted =
      syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
  return granted;
}

// Makes the tile registers of this thread ready, and idle again.
struct TileScope {
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

// The parts of 16 pairs. ALONG: x and y are 32 numbers in a row, paired with the
// next; else each of x is paired with that of y.
template <int P, bool ALONG>
inline void split(Lanes x, Lanes y, Units* out) {
  if constexpr (P == 1) {
    out[0] = ALONG ? pairsAlong(x, y) : pairsOf(x, y);
  } else {
    for (int p = 0; p < P; p++) {
      const Units a = (Units)x & UPPER, b = (Units)y & UPPER;
      out[p] = ALONG ? upperAlong(a, b) : (a >> 16) | b;
      x -= (Lanes)a;
      y -= (Lanes)b;
    }
  }
}

// An engine: how large its blocks of sums are, how it packs and multiplies. A
// panel, what a block needs of one side, is two strips of 16 rows (columns).
//
// P = 1: rounded to bfloat16. P = 3: each number is cut into three bfloat16
// ones, 8 bits of mantissa each, which together are exactly it; of their nine
// products the six that reach float32's precision are summed. An infinity
// becomes NaN. That is for product() alone: gemm() has Digits.
template <int P>
struct AmxTiles {
  static constexpr int64_t ROWS = 32, COLUMNS = 32, STEP = 32;
  // Numbers of k at a time, how many where each core has steps of its own, and
  // bytes of the left side that stay in a core's own cache (2 MiB where there
  // are tiles).
  static constexpr int64_t DEPTH = 1536, OWN_DEPTH = 512, LEFT = 1024 << 10;

  static int64_t steps(int64_t K) { return (K + STEP - 1) / STEP; }
  static int64_t stripBytes(int64_t K) { return steps(K) * P * TILE_BYTES; }
  static int64_t leftBytes(int64_t K) { return 2 * stripBytes(K); }
  static int64_t rightBytes(int64_t K) { return 2 * stripBytes(K); }

  using Scope = TileScope;

  // Packs `count` panels, the first of which starts at lane `at`.
  static void packLeft(const Side& side, int64_t at, int64_t count, char* out) {
    packStrips<false>(side, at, 2 * count, out);
  }
  static void packRight(const Side& side, int64_t at, int64_t count,
                        char* out) {
    packStrips<true>(side, at, 2 * count, out);
  }

  // The sums of one block, 32 a row: tiles 0 … 3 hold them, 4 and 5 two of the
  // left side, 6 and 7 two of the right side.
  // `pause` is called pauses(K) times in between: what it does to vector
  // registers, the tiles do not wait for.
  static constexpr bool OVERLAPS = true;
  static int64_t pauses(int64_t K) { return steps(K) * (P == 1 ? 1 : 6); }
  template <class Pause>
  static void multiply(const char* left, const char* right, int64_t K, int64_t,
                       float* sums, Pause pause) {
    const int64_t strip = stripBytes(K);
    const char *a0 = left, *a1 = left + strip;
    const char *b0 = right, *b1 = right + strip;
    // GCC's tile loads don't say that they read memory.
    asm volatile("" ::: "memory");
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    const auto ofLeft = [&](int part) {
      _tile_loadd(4, a0 + part * TILE_BYTES, 64);
      _tile_loadd(5, a1 + part * TILE_BYTES, 64);
    };
    const auto ofRight = [&](int part) {
      _tile_loadd(6, b0 + part * TILE_BYTES, 64);
      _tile_loadd(7, b1 + part * TILE_BYTES, 64);
    };
    const auto products = [&] {
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
      pause();
    };
    for (int64_t k = 0; k < steps(K); k++) {
      ofLeft(0), ofRight(0), products();
      if constexpr (P == 3) {
        // One side changes at a time: after (0,0) come (0,2) (0,1) (1,1) (1,0)
        // (2,0).
        ofRight(2), products();
        ofRight(1), products();
        ofLeft(1), products();
        ofRight(0), products();
        ofLeft(2), products();
      }
      a0 += P * TILE_BYTES, a1 += P * TILE_BYTES;
      b0 += P * TILE_BYTES, b1 += P * TILE_BYTES;
    }
    _tile_stored(0, sums, 128);
    _tile_stored(1, sums + 16, 128);
    _tile_stored(2, sums + 16 * 32, 128);
    _tile_stored(3, sums + 16 * 32 + 16, 128);
  }

 private:
  // Packs strips one after the other; memory is read along its rows.
  template <bool RIGHT>
  static void packStrips(const Side& side, int64_t at, int64_t count,
                         char* out) {
    const int64_t all = steps(side.K), size = stripBytes(side.K);
    const auto pack = [&](int64_t strip, int64_t step) {
      packTile<RIGHT>(side, at + strip * EDGE, step * STEP,
                      out + strip * size + step * P * TILE_BYTES);
    };
    if (side.deep) {
      for (int64_t strip = 0; strip < count; strip++) {
        for (int64_t step = 0; step < all; step++) pack(strip, step);
      }
    } else {
      for (int64_t step = 0; step < all; step++) {
        for (int64_t strip = 0; strip < count; strip++) pack(strip, step);
      }
    }
  }

  // One tile of each part: 16 rows (columns) from `at`, 32 steps of k from `k`.
  template <bool RIGHT>
  static void packTile(const Side& side, int64_t at, int64_t k, char* out) {
    Units tile[P][16], parts[P];
    const int64_t left = side.K - k;
    for (int i = 0; i < 16; i++) {
      if (side.deep) {
        const float* lane = side.lane(at + i, k);
        const int64_t inside = at + i < side.length ? left : 0;
        split<P, true>(loadFirst(lane, inside),
                       loadFirst(lane + 16, inside - 16), parts);
      } else {
        const float* row = side.row(k + 2 * i, at);
        const int64_t lanes = side.length - at;
        split<P, false>(
            loadFirst(row, 2 * i < left ? lanes : 0),
            loadFirst(row + side.stride, 2 * i + 1 < left ? lanes : 0), parts);
      }
      for (int p = 0; p < P; p++) tile[p][i] = parts[p];
    }
    for (int p = 0; p < P; p++) {
      if (side.deep == RIGHT) transpose(tile[p]);
      for (int i = 0; i < 16; i++) {
        store(out + p * TILE_BYTES + i * 64, tile[p][i]);
      }
    }
  }
};

}  // namespace tdro
