#include "product.h"

#include <algorithm>

#include "buffer.h"
#if defined(__AMX_BF16__) && defined(__AVX512BF16__) && defined(__linux__)
#define TDRO_TILES 1
#include "tiles.h"
#endif

namespace tdro {
namespace {

#ifdef TDRO_TILES
template <int P>
void inTiles(const Matrix& a, const Matrix& b, float* c, int64_t stride,
             int64_t M, int64_t N, int64_t K, float scale, bool add) {
  thread_local Buffer leftBuffer, rightBuffer;
  const int64_t bytes = stripBytes(K, P);
  const int64_t rows = (M + 31) / 32 * 2, columns = (N + 31) / 32 * 2;
  char* left = leftBuffer.bytes(rows * bytes);
  char* right = rightBuffer.bytes(columns * bytes);
  packStrips<P>({a.data, a.stride, !a.transposed, false, 0, rows, M, 0, K},
                left);
  packStrips<P>({b.data, b.stride, b.transposed, true, 0, columns, N, 0, K},
                right);
  TileScope tiles;
  const __m512 factor = _mm512_set1_ps(scale);
  alignas(64) float sums[32 * 32];
  for (int64_t s = 0; s < columns; s += 2) {
    for (int64_t r = 0; r < rows; r += 2) {
      const char *a0 = left + r * bytes, *b0 = right + s * bytes;
      multiplyTiles<P>(a0, a0 + bytes, b0, b0 + bytes,
                       bytes / (P * TILE_BYTES), sums);
      for (int64_t i = 0; i < std::min<int64_t>(32, M - r * 16); i++) {
        for (int64_t j = 0; j < 32; j += 16) {
          const __mmask16 mask = firstOf(N - s * 16 - j);
          float* y = c + (r * 16 + i) * stride + s * 16 + j;
          __m512 v = _mm512_mul_ps(_mm512_load_ps(sums + i * 32 + j), factor);
          if (add) v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(mask, y));
          _mm512_mask_storeu_ps(y, mask, v);
        }
      }
    }
  }
}
#endif

// Rows of C gather rows of B, which therefore must lie one after the other.
void inVectors(const Matrix& a, const Matrix& b, float* c, int64_t stride,
               int64_t M, int64_t N, int64_t K, float scale, bool add) {
  thread_local Buffer turned;
  const float* rows = b.data;
  int64_t step = b.stride;
  if (b.transposed) {
    float* copy = turned.floats(K * N);
    for (int64_t n = 0; n < N; n++) {
      for (int64_t k = 0; k < K; k++) copy[k * N + n] = b.data[n * step + k];
    }
    rows = copy;
    step = N;
  }
  for (int64_t m = 0; m < M; m++) {
    float* y = c + m * stride;
    if (!add) std::fill(y, y + N, 0.0f);
    for (int64_t k = 0; k < K; k++) {
      const float x =
          scale * a.data[a.transposed ? k * a.stride + m : m * a.stride + k];
      const float* row = rows + k * step;
#pragma omp simd
      for (int64_t n = 0; n < N; n++) y[n] += x * row[n];
    }
  }
}

}  // namespace

void product(const Matrix& a, const Matrix& b, float* c, int64_t stride,
             int64_t M, int64_t N, int64_t K, int parts, float scale,
             bool add) {
#ifdef TDRO_TILES
  if (haveTiles()) {
    return parts == 1 ? inTiles<1>(a, b, c, stride, M, N, K, scale, add)
                      : inTiles<3>(a, b, c, stride, M, N, K, scale, add);
  }
#endif
  inVectors(a, b, c, stride, M, N, K, scale, add);
}

}  // namespace tdro
