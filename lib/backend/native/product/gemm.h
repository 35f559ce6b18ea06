// Matrix products of float32 tensors.
#pragma once
#include <cstdint>
#include <vector>

namespace tdro {

// A matrix in memory, row by row, perhaps to be read as its transpose.
struct Matrix {
  const float* data;
  int64_t stride;  // floats from one stored row to the next
  bool transposed;
};

// What becomes of each sum v; f is the activation. Where nothing is said of it,
// second = v.
enum class Form {
  plain,      // C = v
  activated,  // C = f(v)
  slope,      // C = v · f'(gate)
  gated,      // C = v · f(gate)
  ungated,    // C = v · f(gate), second = v · up · f'(gate)
};

// How sums are finished before they are stored.
struct Finish {
  float scale = 1;              // of v, before all else
  const float* bias = nullptr;  // [N], added to v
  const float* gate = nullptr;  // [M, N]
  const float* up = nullptr;    // [M, N]
  float* second = nullptr;      // [M, N], or none
  int activation = 0;           // see activation.h
  Form form = Form::plain;
  bool onto = false;  // C = C + A · B: nothing else may be asked for
};

// A right side, and what becomes of its product.
struct Right {
  Matrix b;     // [K, N]
  float* c;     // [M, N]
  int64_t N;
  Finish finish = {};
};

// C [M, N] = A [M, K] · B [K, N], for each of the sides.
//
// parts = 1: both are rounded to bfloat16, sums in float32.
// parts = 2: whole numbers of at most ±32767, whose sums stay within 32 bits;
// they are exact (but for their rounding to a float).
// parts = 3: float32; tiles make it of digits, see digits.h.
void gemm(const Matrix& a, const std::vector<Right>& rights, int64_t M,
          int64_t K, int parts);

}  // namespace tdro
