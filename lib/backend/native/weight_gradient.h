// Gradients of an affine map's own numbers.
#pragma once
#include <cstdint>

#include "precision.h"

namespace tdro {

// dWeight [N, D] and dBias [N], or null, from the gradient dy [T, N] of the map's
// output and its input x [T, D].
void weightGradient(const float* dy, int64_t N, const float* x, int64_t D,
                    int64_t T, Precision precision, float* dWeight,
                    float* dBias);

}  // namespace tdro
