#include "gemm.h"

#if defined(__AMX_BF16__) && defined(__AVX512BF16__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "activation.h"
#include "buffer.h"
#include "pool.h"
#include "tiles.h"

namespace tdro {
namespace {

// Of a block of 32 × 32 sums, those that lie inside C.
struct Block {
  int64_t row, column, rows, columns;
};

// Asks for the lines of C while the tiles multiply: waiting for them when they
// are written would take as long as the product itself.
inline void expect(const float* c, int64_t N, const Block& at) {
  for (int64_t i = 0; i < at.rows; i++) {
    const float* y = c + (at.row + i) * N + at.column;
    __builtin_prefetch(y, 1);
    __builtin_prefetch(y + at.columns - 1, 1);
  }
}

// `first`: C gets the sums, else they are added to it. `last`: then finished.
template <class F>
void store(const float* sums, float* c, int64_t N, const Block& at,
           const Finish& finish, bool first, bool last, F f) {
  // Whole lines that nobody adds to later go past the caches: else each would
  // be read from memory before it is written.
  const bool straight = first && last && at.columns % 16 == 0 && N % 16 == 0 &&
                        ((uintptr_t)c & 63) == 0;
  for (int64_t i = 0; i < at.rows; i++) {
    for (int64_t j = 0; j < at.columns; j += 16) {
      const int64_t column = at.column + j, offset = (at.row + i) * N + column;
      const __mmask16 mask = firstOf(at.columns - j);
      __m512 v = _mm512_load_ps(sums + i * 32 + j);
      const auto plus = [&](const float* more) {
        v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, more));
      };
      if (!first) plus(c + offset);
      if (last) {
        if (finish.bias) plus(finish.bias + column);
        if (finish.before) {
          _mm512_mask_storeu_ps(finish.before + offset, mask, v);
        }
        alignas(64) float numbers[16];
        _mm512_store_ps(numbers, v);
        for (float& x : numbers) x = f.value(x);
        v = _mm512_load_ps(numbers);
        if (finish.add) plus(finish.add + offset);
      }
      if (straight && mask == 0xffff) {
        _mm512_stream_ps(c + offset, v);
      } else {
        _mm512_mask_storeu_ps(c + offset, mask, v);
      }
    }
  }
}

// Bytes of A's part that are packed at once: half of a core's own cache.
constexpr int64_t LEFT = 1024 << 10;

// Asks for share `part` of `parts` of what lies at `data`.
inline void askFor(const char* data, int64_t bytes, int64_t part,
                   int64_t parts) {
  for (int64_t at = bytes * part / parts / 64 * 64;
       at < bytes * (part + 1) / parts; at += 64) {
    _mm_prefetch(data + at, _MM_HINT_T1);
  }
}

template <int P>
void gemmParts(const Matrix& a, const Matrix& b, float* c, int64_t M,
               int64_t N, int64_t K, const Finish& finish) {
  // What is packed of B stays within a share of the cache that cores have in
  // common, what is packed of A within a core's own.
  const int64_t depth = std::min<int64_t>(K, P == 1 ? 1024 : 512);
  const int64_t strip = stripBytes(depth, P);
  const int64_t width = std::clamp<int64_t>((16 << 20) / strip * 16, 64, 8192);
  const int64_t most = std::clamp<int64_t>(LEFT / strip * 16, 32, 1024);
  const int64_t share = (M + 2 * threadCount() - 1) / (2 * threadCount());
  const int64_t height = std::clamp<int64_t>((share + 31) / 32 * 32, 32, most);

  thread_local Buffer rightBuffer;
  for (int64_t n0 = 0; n0 < N; n0 += width) {
    const int64_t columns = std::min(width, N - n0);
    const int64_t strips = (columns + 31) / 32 * 2;
    for (int64_t k0 = 0; k0 < K; k0 += depth) {
      const int64_t deep = std::min(depth, K - k0);
      const int64_t bytes = stripBytes(deep, P);
      char* right = rightBuffer.bytes(strips * bytes);
      parallelRanges(strips, 4, [&](int64_t begin, int64_t end) {
        packStrips<P>({b.data, b.stride, b.transposed, true, n0 + begin * 16,
                       end - begin, N, k0, deep},
                      right + begin * bytes);
      });
      const bool first = k0 == 0, last = k0 + deep == K;
      parallelFor((M + height - 1) / height, [&](int64_t chunk) {
        thread_local Buffer leftBuffer;
        TileScope tiles;
        const int64_t m0 = chunk * height, m1 = std::min(m0 + height, M);
        const int64_t rows = (m1 - m0 + 31) / 32 * 2;
        char* left = leftBuffer.bytes(rows * bytes);
        packStrips<P>(
            {a.data, a.stride, !a.transposed, false, m0, rows, M, k0, deep},
            left);
        alignas(64) float sums[32 * 32];
        for (int64_t s = 0; s < strips; s += 2) {
          const char* b0 = right + s * bytes;
          for (int64_t r = 0; r < rows; r += 2) {
            const char* a0 = left + r * bytes;
            const int64_t row = m0 + r * 16, column = n0 + s * 16;
            const Block at{row, column, std::min<int64_t>(32, m1 - row),
                           std::min<int64_t>(32, N - column)};
            if (!first || !last) expect(c, N, at);
            // The next part of B comes from the cores' common cache.
            if (s + 2 < strips) askFor(b0 + 2 * bytes, 2 * bytes, r / 2, rows / 2);
            multiplyTiles<P>(a0, a0 + bytes, b0, b0 + bytes,
                             bytes / (P * TILE_BYTES), sums);
            withActivation(last ? finish.activation : 0, [&](auto f) {
              store(sums, c, N, at, finish, first, last, f);
            });
          }
        }
      });
    }
  }
}

}  // namespace

bool haveTiles() {
  // Linux gives a process the tiles' registers only when asked.
  constexpr int REQUEST = 0x1023, TILE_DATA = 18;
  static const bool granted =
      syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
  return granted;
}

void gemm(const Matrix& a, const Matrix& b, float* c, int64_t M, int64_t N,
          int64_t K, int parts, const Finish& finish) {
  if (parts == 1) {
    gemmParts<1>(a, b, c, M, N, K, finish);
  } else {
    gemmParts<3>(a, b, c, M, N, K, finish);
  }
}

}  // namespace tdro

#else

namespace tdro {
bool haveTiles() { return false; }
void gemm(const Matrix&, const Matrix&, float*, int64_t, int64_t, int64_t, int,
          const Finish&) {}
}  // namespace tdro

#endif

extern "C" int tdroTiles() { return tdro::haveTiles() ? 1 : 0; }
