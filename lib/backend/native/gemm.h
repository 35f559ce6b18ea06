// Matrix products of float32 tensors.
#pragma once
#include <cstdint>

namespace tdro {

// What multiplies matrices: nothing of ours, vector registers (AVX-512), or
// tiles (Intel AMX).
enum class Engine { none, vectors, tiles };

// The engine for products of `parts`, see gemm(). Without instructions for
// bfloat16 there is none for parts = 1.
Engine engineFor(int parts);

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

// C [M, N] = A [M, K] · B [K, N]; there must be an engine.
//
// parts = 1: both are rounded to bfloat16, sums in float32.
// parts = 3: float32; tiles make it of three bfloat16 parts, see tiles.h.
void gemm(const Matrix& a, const Matrix& b, float* c, int64_t M, int64_t N,
          int64_t K, int parts, const Finish& finish = {});

}  // namespace tdro
