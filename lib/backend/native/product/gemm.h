// Matrix products of float32 tensors.
#pragma once
#include <cstdint>
#include <vector>

#include "precision.h"

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
struct RightSide {
  Matrix b;     // [K, N]
  float* c;     // [M, N]
  int64_t N;
  Finish finish = {};
};

// C [M, N] = A [M, K] · B [K, N], for each of the right sides.
void gemm(const Matrix& a, const std::vector<RightSide>& sides, int64_t M,
          int64_t K, Precision precision);

}  // namespace tdro
