#include "gemm.h"

#include <algorithm>

#include "activation.h"
#include "buffer.h"
#include "engine.h"
#include "pool.h"
#ifdef TDRO_TILES
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tdro {

#ifdef TDRO_VECTORS
namespace {

// Of a block of sums, those that lie inside C.
struct Block {
  int64_t row, column, rows, columns;
};

// Asks for the lines of C while the block is multiplied: waiting for them when
// they are written would take as long as the product itself.
inline void expect(const float* c, int64_t N, const Block& at) {
  for (int64_t i = 0; i < at.rows; i++) {
    const float* y = c + (at.row + i) * N + at.column;
    __builtin_prefetch(y, 1);
    __builtin_prefetch(y + at.columns - 1, 1);
  }
}

// 16 numbers through a function of one, which the compiler makes vector code.
template <class F>
inline __m512 each(__m512 v, F f) {
  alignas(64) float numbers[16];
  _mm512_store_ps(numbers, v);
#pragma omp simd simdlen(16) aligned(numbers : 64)
  for (int i = 0; i < 16; i++) numbers[i] = f(numbers[i]);
  return _mm512_load_ps(numbers);
}

// What a form looks at beside the sums of a block, 32 a row. It is read before
// the block is multiplied, all at once: number by number, between the
// activations, each would be waited for.
struct Beside {
  alignas(64) float gate[32 * 32], up[32 * 32], add[32 * 32];
};

inline void take(const float* x, int64_t N, const Block& at, float* to) {
  if (!x) return;
  for (int64_t i = 0; i < at.rows; i++) {
    const float* row = x + (at.row + i) * N + at.column;
    for (int64_t j = 0; j < 32; j += 16) {
      _mm512_store_ps(to + i * 32 + j,
                      _mm512_maskz_loadu_ps(firstOf(at.columns - j), row + j));
    }
  }
}

// Sixteen numbers of C, and of the second result if there is one.
struct Sixteen {
  __m512 c, second;
};

// `at`: their place in the block.
template <class F>
inline Sixteen finished(__m512 v, Form form, const Beside& beside, int64_t at,
                        F f) {
  const auto value = [&](__m512 x) {
    return each(x, [&](float y) { return f.value(y); });
  };
  const auto slope = [&](__m512 x) {
    return each(x, [&](float y) { return f.slope(y); });
  };
  const auto gate = [&] { return _mm512_load_ps(beside.gate + at); };
  switch (form) {
    case Form::activated:
      return {value(v), v};
    case Form::slope:
      return {_mm512_mul_ps(v, slope(gate())), v};
    case Form::gated:
      return {_mm512_mul_ps(v, value(gate())), v};
    case Form::ungated: {
      const __m512 up = _mm512_load_ps(beside.up + at);
      return {_mm512_mul_ps(v, value(gate())),
              _mm512_mul_ps(_mm512_mul_ps(v, up), slope(gate()))};
    }
    default:
      return {v, v};
  }
}

// `first`: C gets the sums, else they are added to it. `last`: then finished.
template <class F>
void store(const float* sums, float* c, int64_t N, const Block& at,
           const Finish& finish, const Beside& beside, bool first, bool last,
           F f) {
  // Whole lines that nobody adds to later go past the caches: else each would
  // be read from memory before it is written.
  const auto whole = [&](const float* x) {
    return at.columns % 16 == 0 && N % 16 == 0 && ((uintptr_t)x & 63) == 0;
  };
  const bool straight = first && last && whole(c);
  const bool straightSecond = finish.second && whole(finish.second);
  const auto put = [&](float* to, __mmask16 mask, __m512 v, bool straight) {
    if (straight) {
      _mm512_stream_ps(to, v);
    } else {
      _mm512_mask_storeu_ps(to, mask, v);
    }
  };
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
        const Sixteen done = finished(v, finish.form, beside, i * 32 + j, f);
        if (finish.second) {
          put(finish.second + offset, mask, done.second, straightSecond);
        }
        v = done.c;
        if (finish.add) {
          v = _mm512_add_ps(v, _mm512_load_ps(beside.add + i * 32 + j));
        }
      }
      put(c + offset, mask, v, straight);
    }
  }
}

// Asks for share `part` of `parts` of what lies at `data`.
inline void askFor(const char* data, int64_t bytes, int64_t part,
                   int64_t parts) {
  for (int64_t at = bytes * part / parts / 64 * 64;
       at < bytes * (part + 1) / parts; at += 64) {
    _mm_prefetch(data + at, _MM_HINT_T1);
  }
}

// How many panels of the left side are packed at once: as many as stay in a
// core's own cache, and few enough that all cores get as much.
template <class E>
int64_t leftPanels(int64_t M, int64_t bytes) {
  const int64_t all = (M + E::ROWS - 1) / E::ROWS;
  const int64_t most = std::max<int64_t>(1, E::LEFT / bytes);
  const int64_t least = 2 * threadCount();
  int64_t chunks = std::max((all + most - 1) / most, least);
  chunks = (chunks + threadCount() - 1) / threadCount() * threadCount();
  return (all + chunks - 1) / chunks;
}

template <class E>
void gemmBy(const Matrix& a, const Matrix& b, float* c, int64_t M, int64_t N,
            int64_t K, const Finish& finish) {
  const int64_t depth = std::min(K, E::DEPTH);
  // What is packed of the right side stays within a share of the cache that
  // cores have in common.
  const int64_t width =
      std::clamp<int64_t>((16 << 20) / E::rightBytes(depth), 2, 256) *
      E::COLUMNS;
  const int64_t height = leftPanels<E>(M, E::leftBytes(depth)) * E::ROWS;

  thread_local Buffer rightBuffer;
  for (int64_t n0 = 0; n0 < N; n0 += width) {
    const int64_t panels =
        (std::min(width, N - n0) + E::COLUMNS - 1) / E::COLUMNS;
    for (int64_t k0 = 0; k0 < K; k0 += depth) {
      const int64_t deep = std::min(depth, K - k0);
      const int64_t leftBytes = E::leftBytes(deep);
      const int64_t rightBytes = E::rightBytes(deep);
      char* right = rightBuffer.bytes(panels * rightBytes);
      parallelRanges(panels, 2, [&](int64_t begin, int64_t end) {
        E::packRight({b.data, b.stride, b.transposed, N, k0, deep},
                     n0 + begin * E::COLUMNS, end - begin,
                     right + begin * rightBytes);
      });
      const bool first = k0 == 0, last = k0 + deep == K;
      parallelFor((M + height - 1) / height, [&](int64_t chunk) {
        thread_local Buffer leftBuffer;
        [[maybe_unused]] typename E::Scope scope;
        const int64_t m0 = chunk * height, m1 = std::min(m0 + height, M);
        const int64_t strips = (m1 - m0 + E::ROWS - 1) / E::ROWS;
        char* left = leftBuffer.bytes(strips * leftBytes);
        E::packLeft({a.data, a.stride, !a.transposed, M, k0, deep}, m0, strips,
                    left);
        alignas(64) float sums[E::ROWS * 32];
        Beside beside;
        for (int64_t s = 0; s < panels; s++) {
          const char* b0 = right + s * rightBytes;
          for (int64_t r = 0; r < strips; r++) {
            const int64_t row = m0 + r * E::ROWS, column = n0 + s * E::COLUMNS;
            const Block at{row, column, std::min(E::ROWS, m1 - row),
                           std::min(E::COLUMNS, N - column)};
            if (!first || !last) expect(c, N, at);
            if (last) {
              take(finish.gate, N, at, beside.gate);
              take(finish.up, N, at, beside.up);
              take(finish.add, N, at, beside.add);
            }
            // The next part of the right side comes from the cores' common
            // cache.
            if (s + 1 < panels) askFor(b0 + rightBytes, rightBytes, r, strips);
            E::multiply(left + r * leftBytes, b0, deep, at.rows, sums);
            withActivation(last ? finish.activation : 0, [&](auto f) {
              store(sums, c, N, at, finish, beside, first, last, f);
            });
          }
        }
      });
    }
  }
}

}  // namespace
#endif

Engine engineFor(int parts) {
#ifdef TDRO_TILES
  // Linux gives a process the tiles' registers only when asked.
  constexpr int REQUEST = 0x1023, TILE_DATA = 18;
  static const bool granted =
      syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0;
  if (granted) return Engine::tiles;
#endif
#ifdef TDRO_VECTORS
#ifdef __AVX512BF16__
  return Engine::vectors;
#else
  return parts == 1 ? Engine::none : Engine::vectors;
#endif
#endif
  return Engine::none;
}

void gemm(const Matrix& a, const Matrix& b, float* c, int64_t M, int64_t N,
          int64_t K, int parts, const Finish& finish) {
#ifdef TDRO_VECTORS
  withEngine(parts, [&](auto engine) {
    gemmBy<decltype(engine)>(a, b, c, M, N, K, finish);
  });
#endif
}

}  // namespace tdro

extern "C" int tdroEngine(int parts) { return (int)tdro::engineFor(parts); }
