#include "product.h"

#include <algorithm>

#include "buffer.h"
#include "engine.h"

namespace tdro {
namespace {

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
  alignas(64) float sums[E::ROWS * E::COLUMNS];
  for (int64_t s = 0; s < columns; s++) {
    for (int64_t r = 0; r < rows; r++) {
      const int64_t row = r * E::ROWS, inside = std::min(E::ROWS, M - row);
      E::multiply(left + r * leftBytes, right + s * rightBytes, K, inside, sums,
                  [] {});
      for (int64_t i = 0; i < inside; i++) {
        for (int64_t j = 0; j < E::COLUMNS; j += WIDTH) {
          const int64_t column = s * E::COLUMNS + j;
          float* y = c + (row + i) * stride + column;
          Lanes v = load(sums + i * E::COLUMNS + j) * scale;
          if (add) v += loadFirst(y, N - column);
          storeFirst(y, N - column, v);
        }
      }
    }
  }
}

}  // namespace

void product(const Matrix& a, const Matrix& b, float* c, int64_t stride,
             int64_t M, int64_t N, int64_t K, Precision precision, float scale,
             bool add) {
  withEngine<true>(precision, [&](auto engine) {
    byEngine<decltype(engine)>(a, b, c, stride, M, N, K, scale, add);
  });
}

}  // namespace tdro
