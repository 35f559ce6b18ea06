#include "product.h"

#include <algorithm>

#include "buffer.h"
#include "engine.h"

namespace tdro {
namespace {

#ifdef TDRO_VECTORS
template <class E>
void byEngine(const Matrix& a, const Matrix& b, float* c, int64_t stride,
              int64_t M, int64_t N, int64_t K, float scale, bool add) {
  thread_local Buffer leftBuffer, rightBuffer;
  const int64_t leftBytes = E::leftBytes(K), rightBytes = E::rightBytes(K);
  const int64_t rows = (M + E::ROWS - 1) / E::ROWS;
  const int64_t columns = (N + E::COLUMNS - 1) / E::COLUMNS;
  char* left = leftBuffer.bytes(rows * leftBytes);
  char* right = rightBuffer.bytes(columns * rightBytes);
  E::packLeft({a.data, a.stride, !a.transposed, M, 0, K}, 0, rows, left);
  E::packRight({b.data, b.stride, b.transposed, N, 0, K}, 0, columns, right);
  [[maybe_unused]] typename E::Scope scope;
  const __m512 factor = _mm512_set1_ps(scale);
  alignas(64) float sums[E::ROWS * 32];
  for (int64_t s = 0; s < columns; s++) {
    for (int64_t r = 0; r < rows; r++) {
      const int64_t row = r * E::ROWS, inside = std::min(E::ROWS, M - row);
      E::multiply(left + r * leftBytes, right + s * rightBytes, K, inside,
                  sums);
      for (int64_t i = 0; i < inside; i++) {
        for (int64_t j = 0; j < 32; j += 16) {
          const __mmask16 mask = firstOf(N - s * 32 - j);
          float* y = c + (row + i) * stride + s * 32 + j;
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
void plainly(const Matrix& a, const Matrix& b, float* c, int64_t stride,
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
#ifdef TDRO_VECTORS
  const auto run = [&](auto engine) {
    byEngine<decltype(engine)>(a, b, c, stride, M, N, K, scale, add);
  };
  // Without bfloat16 a more exact product does as well.
  if (withEngine(parts, run) || withEngine(3, run)) return;
#endif
  plainly(a, b, c, stride, M, N, K, scale, add);
}

}  // namespace tdro
