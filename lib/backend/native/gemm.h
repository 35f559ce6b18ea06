// Matrix products in the processor's tiles (Intel AMX).
#pragma once
#include <cstdint>

namespace tdro {

// Whether this processor has tiles and the system lets us use them.
bool haveTiles();

// A matrix in memory, row by row, perhaps to be read as its transpose.
struct Matrix {
  const float* data;
  int64_t stride;  // floats from one stored row to the next
  bool transposed;
};

// What happens to each number of the product before it is stored.
struct Finish {
  const float* bias = nullptr;  // [N], added
  const float* add = nullptr;   // [M, N], added after the activation
  int activation = 0;           // see activation.h
  float* before = nullptr;      // [M, N], gets what went into the activation
};

// C [M, N] = A [M, K] · B [K, N].
//
// parts = 1: both are rounded to bfloat16, sums in float32.
// parts = 3: float32. Each number is cut into three bfloat16 ones, 8 bits of
// mantissa each, which together are exactly it; of their nine products the six
// that reach float32's precision are summed. An infinity becomes NaN.
void gemm(const Matrix& a, const Matrix& b, float* c, int64_t M, int64_t N,
          int64_t K, int parts, const Finish& finish = {});

}  // namespace tdro
