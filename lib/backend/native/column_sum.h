// The sum of a matrix's rows.
#pragma once
#include <cstdint>

namespace tdro {

// x [rows, D] -> y [D], always in the same order.
void columnSum(const float* x, int64_t rows, int64_t D, float* y);

}  // namespace tdro
