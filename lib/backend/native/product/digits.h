// float32 products in tiles of whole numbers (Intel AMX).
//
// Along a stretch of k, a row of the left side (a column of the right one)
// becomes whole multiples of a power of two, of 23 bits and a sign where it is
// largest: three digits of 8 bits, of -128 … 127. Digits are multiplied twice as
// fast as bfloat16, and summed exactly.
//
// A tile of the left side holds 16 rows and 64 digits of each; a tile of the
// right side holds 16 columns, four digits of each a row. The four are those of
// k = p, p + 16, p + 32 and p + 48, in an order that both sides share.
#pragma once
#include <cmath>

#include "tiles.h"

namespace tdro {

// An engine, see AmxTiles. Of nine products of digits all but the least are
// summed: what is lost are roundings of at most 2^-23 of a stretch's largest
// number.
// A row with an infinity becomes NaN.
struct Digits {
  // Two lines of memory wide: side by side, rows of C are written, and gates
  // read, twice as fast as one line at a time.
  static constexpr int64_t ROWS = 32, COLUMNS = 32, STEP = 64;
  static constexpr int64_t DEPTH = 512, OWN_DEPTH = 256, LEFT = 640 << 10;

  static int64_t steps(int64_t K) { return (K + STEP - 1) / STEP; }
  // A strip: the exponents of its 16 lanes, then tiles.
  static int64_t stripBytes(int64_t K) {
    return 64 + steps(K) * 3 * TILE_BYTES;
  }
  static int64_t leftBytes(int64_t K) { return ROWS / EDGE * stripBytes(K); }
  static int64_t rightBytes(int64_t K) {
    return COLUMNS / EDGE * stripBytes(K);
  }

  using Scope = TileScope;

  static void packLeft(const Side& side, int64_t at, int64_t count, char* out) {
    packStrips<false>(side, at, ROWS / EDGE * count, out);
  }
  static void packRight(const Side& side, int64_t at, int64_t count,
                        char* out) {
    packStrips<true>(side, at, COLUMNS / EDGE * count, out);
  }

  static constexpr bool OVERLAPS = true;
  static int64_t pauses(int64_t K) {
    return ROWS / EDGE * COLUMNS / EDGE * steps(K);
  }

  // The sums of one block, a strip of the left side at a time: while one is
  // multiplied, the sums of the one before become floats.
  template <class Pause>
  static void multiply(const char* left, const char* right, int64_t K,
                       int64_t rows, float* sums, Pause pause) {
    alignas(64) int32_t exact[2][4 * 256];
    ExactSums before{exact[1], nullptr, nullptr, nullptr, 16};
    int turn = 0;
    for (int64_t row = 0; row < rows; row += EDGE) {
      const char* a = left + row / EDGE * stripBytes(K);
      for (int64_t column = 0; column < COLUMNS; column += EDGE, turn ^= 1) {
        const char* b = right + column / EDGE * stripBytes(K);
        withShare(steps(K), [&](auto share) {
          multiplyStrips<share()>(a, b, steps(K), exact[turn], before, pause);
        });
        before.make(16);
        before = {exact[turn], (const float*)a, (const float*)b,
                  sums + row * COLUMNS + column, 0};
      }
    }
    before.takeRest();
    before.make(16);
  }

 private:
  // Exact sums of 16 × 16 products by their weights, which become floats row by
  // row.
  struct ExactSums {
    int32_t* exact;
    const float *leftExponents, *rightExponents;
    float* sums;
    int row;

    // The sums that are whole last.
    void takeRest() {
      _tile_stored(2, exact + 2 * 256, 64);
      _tile_stored(3, exact + 3 * 256, 64);
    }

    ALWAYS_INLINE void make(int count) {
      for (; count > 0 && row < 16; count--, row++) {
        const auto of = [&](int weight) {
          return __builtin_convertvector(
              load<Wholes>(exact + weight * 256 + row * 16), Lanes);
        };
        const Lanes sum =
            of(0) + (of(1) + (of(2) + of(3) / 256) / 256) / 256;
        store(sums + row * COLUMNS,
              scaled(sum, leftExponents[row] + load(rightExponents)));
      }
    }
  };

  // Rows to make floats of at a time, where there are so many steps.
  template <class Use>
  ALWAYS_INLINE static void withShare(int64_t steps, Use use) {
    if (steps >= 5) use(std::integral_constant<int, 1>{});
    else if (steps >= 3) use(std::integral_constant<int, 2>{});
    else use(std::integral_constant<int, 4>{});
  }

  // Sums by weight: of h·h, then of h·m and m·h, of h·l, m·m and l·h, and of
  // m·l and l·m, each 2^8 below the one before; in tiles 0 … 3. A tile is stored
  // when the products after its last one have given that the time to end: the
  // last two only during the first step of the next strip.
  template <int SHARE, class Pause>
  ALWAYS_INLINE static void multiplyStrips(const char* left, const char* right,
                                           int64_t steps, int32_t* to,
                                           ExactSums& before, Pause pause) {
    constexpr int64_t H = 64, M = H + TILE_BYTES, L = M + TILE_BYTES;
    const char *a = left, *b = right;
    // GCC's tile loads don't say that they read memory.
    asm volatile("" ::: "memory");
    _tile_zero(0);
    _tile_zero(1);
    _tile_loadd(4, a + H, 64);
    _tile_loadd(7, b + H, 64);
    _tile_dpbssd(0, 4, 7);
    _tile_loadd(5, a + M, 64);
    _tile_dpbssd(1, 5, 7);
    _tile_loadd(6, b + M, 64);
    _tile_dpbssd(1, 4, 6);
    before.takeRest();
    _tile_zero(2);
    _tile_zero(3);
    _tile_dpbssd(2, 5, 6);
    _tile_loadd(4, a + L, 64);
    _tile_dpbssd(3, 4, 6);
    _tile_dpbssd(2, 4, 7);
    _tile_loadd(7, b + L, 64);
    _tile_dpbssd(3, 5, 7);
    _tile_loadd(4, a + H, 64);
    _tile_dpbssd(2, 4, 7);
    pause();
    for (int64_t k = 1; k < steps; k++) {
      a += 3 * TILE_BYTES;
      b += 3 * TILE_BYTES;
      _tile_loadd(4, a + H, 64);
      _tile_loadd(5, a + M, 64);
      _tile_loadd(6, a + L, 64);
      _tile_loadd(7, b + H, 64);
      _tile_dpbssd(0, 4, 7);
      _tile_dpbssd(1, 5, 7);
      before.make(SHARE);
      _tile_dpbssd(2, 6, 7);
      _tile_loadd(7, b + M, 64);
      _tile_dpbssd(1, 4, 7);
      before.make(SHARE);
      _tile_dpbssd(2, 5, 7);
      before.make(SHARE);
      _tile_dpbssd(3, 6, 7);
      _tile_loadd(7, b + L, 64);
      _tile_dpbssd(2, 4, 7);
      before.make(SHARE);
      _tile_dpbssd(3, 5, 7);
      pause();
    }
    _tile_stored(0, to, 64);
    _tile_stored(1, to + 256, 64);
  }

  // Strips whose numbers stay in a core's cache between the two looks at them.
  static constexpr int64_t GROUP = 8;

  template <bool RIGHT>
  static void packStrips(const Side& side, int64_t at, int64_t count,
                         char* out) {
    const int64_t size = stripBytes(side.K);
    for (int64_t strip = 0; strip < count;) {
      const int64_t same = std::min(side.deep ? 1 : GROUP, count - strip);
      packGroup<RIGHT>(side, at + strip * EDGE, same, size,
                       out + strip * size);
      strip += same;
    }
  }

  template <bool RIGHT>
  static void packGroup(const Side& side, int64_t at, int64_t count,
                        int64_t size, char* out) {
    const auto exponents = [&](int64_t strip) {
      return (float*)(out + strip * size);
    };
    if (side.deep) exponentsAlong(side, at, exponents(0));
    else exponentsAcross(side, at, count, exponents);
    for (int64_t step = 0; step < steps(side.K); step++) {
      for (int64_t strip = 0; strip < count; strip++) {
        packTiles<RIGHT>(side, at + strip * EDGE, step * STEP,
                         exponents(strip),
                         out + strip * size + 64 + step * 3 * TILE_BYTES);
      }
    }
  }

  static Units bitsOf(Lanes x) { return (Units)x & 0x7fffffff; }
  static Units larger(Units a, Units b) { return a > b ? a : b; }

  // From a lane's largest number without its sign, e such that digits times 2^e
  // are the numbers: h = 64 … 127 for the largest.
  static Lanes exponentsOf(Units largest) {
    const Units e = (largest + 0x18000) >> 23;
    const Lanes exponents = __builtin_convertvector((Wholes)e, Lanes) - 133;
    return largest >= 0x7f800000 ? Lanes{} + NAN : exponents;
  }

  static void exponentsAlong(const Side& side, int64_t at, float* out) {
    alignas(64) uint32_t largest[16];
    for (int i = 0; i < 16; i++) {
      const float* lane = side.lane(at + i, 0);
      const int64_t inside = at + i < side.length ? side.K : 0;
      Units most{};
      int64_t k = 0;
      for (; k + WIDTH <= inside; k += WIDTH) {
        __builtin_prefetch(lane + 2 * side.stride + k);
        most = larger(most, bitsOf(load(lane + k)));
      }
      most = larger(most, bitsOf(loadFirst(lane + k, inside - k)));
      largest[i] = largestOf(most);
    }
    store(out, exponentsOf(load<Units>(largest)));
  }

  template <class Out>
  static void exponentsAcross(const Side& side, int64_t at, int64_t count,
                              Out out) {
    Units largest[GROUP] = {};
    for (int64_t k = 0; k < side.K; k++) {
      const float* row = side.row(k, at);
      for (int64_t s = 0; s < count; s++) {
        __builtin_prefetch(row + 8 * side.stride + s * EDGE);
        largest[s] = larger(
            largest[s],
            bitsOf(loadFirst(row + s * EDGE, side.length - at - s * EDGE)));
      }
    }
    for (int64_t s = 0; s < count; s++) store(out(s), exponentsOf(largest[s]));
  }

  // The tiles of h, m and l: 16 rows (columns) from `at`, 64 steps from `k`.
  template <bool RIGHT>
  static void packTiles(const Side& side, int64_t at, int64_t k,
                        const float* exponents, char* out) {
    if (at + EDGE <= side.length && k + STEP <= side.K) {
      packTilesOf<RIGHT>(
          side, at, k, exponents, out,
          [](const float* x, int64_t, int64_t) { return load(x); });
    } else {
      packTilesOf<RIGHT>(
          side, at, k, exponents, out,
          [&](const float* x, int64_t lane, int64_t down) {
            const int64_t lanes = side.length - lane, left = side.K - down;
            if (side.deep) return loadFirst(x, lanes > 0 ? left : 0);
            return loadFirst(x, left > 0 ? lanes : 0);
          });
    }
  }

  // take(x, lane, k): what there is of the register at x.
  template <bool RIGHT, class Take>
  ALWAYS_INLINE static void packTilesOf(const Side& side, int64_t at, int64_t k,
                                        const float* exponents, char* out,
                                        Take take) {
    Units tile[3][16];
    const auto put = [&](int i, const Units* x) {
      const Units low01 = (x[0] & 0xffff) | x[1] << 16;
      const Units low23 = (x[2] & 0xffff) | x[3] << 16;
      const Units high01 = x[0] >> 16 | (x[1] & UPPER);
      const Units high23 = x[2] >> 16 | (x[3] & UPPER);
      tile[0][i] = (high01 | high23 << 8) ^ MIDDLES;
      tile[1][i] = ((low01 >> 8 & EVEN) | (low23 & ~EVEN)) ^ MIDDLES;
      tile[2][i] = ((low01 & EVEN) | (low23 & EVEN) << 8) ^ MIDDLES;
    };
    Units x[4];
    if (side.deep) {
      for (int i = 0; i < 16; i++) {
        const Lanes up = Lanes{} + (16 - exponents[i]);
        for (int q = 0; q < 4; q++) {
          const int64_t down = k + 16 * q;
          x[q] = whole(take(side.lane(at + i, down), at + i, down), up);
        }
        put(i, x);
      }
    } else {
      const Lanes up = 16 - load(exponents);
      for (int i = 0; i < 16; i++) {
        for (int q = 0; q < 4; q++) {
          const int64_t down = k + i + 16 * q;
          x[q] = whole(take(side.row(down, at), at, down), up);
        }
        put(i, x);
      }
    }
    for (int p = 0; p < 3; p++) {
      if (side.deep == RIGHT) transpose(tile[p]);
      for (int i = 0; i < 16; i++) {
        store(out + p * TILE_BYTES + i * 64, tile[p][i]);
      }
    }
  }

  static constexpr uint32_t EVEN = 0x00ff00ff;     // of four bytes, two
  static constexpr uint32_t MIDDLES = 0x80808080;  // 128 of each

  // x · 2^up to the nearest whole number; its bytes are the digits + 128.
  static Units whole(Lanes x, Lanes up) {
    return (Units)nearest(scaled(x, up)) + (MIDDLES >> 8);
  }
};

}  // namespace tdro
