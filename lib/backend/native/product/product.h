// Small matrix products inside one thread: what attention is made of.
#pragma once
#include "gemm.h"

namespace tdro {

// C [M, N], rows `stride` floats apart, = scale · A [M, K] · B [K, N], added to
// what is there if `add`.
void product(const Matrix& a, const Matrix& b, float* c, int64_t stride,
             int64_t M, int64_t N, int64_t K, Precision precision, float scale,
             bool add = false);

}  // namespace tdro
