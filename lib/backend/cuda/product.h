// Matrix products on the GPU.
#pragma once
#include "gpu_call.h"
#include "precision.h"

namespace tdro {

// A matrix as it is multiplied: in float32, or rounded to bfloat16.
struct Operand {
  const void* data = nullptr;
  int64_t columns = 0;  // numbers of a stored row
  bool rounded = false;
};

// x [rows, columns], rounded if precision is bfloat16.
Operand operandOf(GpuCall& call, const float* x, int64_t rows, int64_t columns,
                  Precision precision);

// How the product is stored.
struct Storing {
  float scale = 1;
  const float* bias = nullptr;  // [N], added to each row
  bool onto = false;            // added to what C holds
};

// C [M, N] = op(A) [M, K] · op(B) [K, N].
void multiply(GpuCall& call, const Operand& a, bool transposeA,
              const Operand& b, bool transposeB, float* c, int64_t M, int64_t N,
              int64_t K, const Storing& storing = {});

}  // namespace tdro
