// Affine maps of one input, and their gradients.
#include "device.h"

#ifndef __CUDACC_RTC__
#include "columns.h"
#include "gradient.h"
#include "product.h"

namespace tdro {
namespace {

// x [T, D], n weights [N, D], n biases? [N] -> n results [T, N]
// Settings: n, parts.
void linear(GpuCall& call) {
  const int n = (int)call.setting(0), parts = (int)call.setting(1);
  const int64_t T = call.dim(0, 0), D = call.dim(0, 1);
  const Operand x = operandOf(call, call.in(0), T, D, parts);
  for (int i = 0; i < n; i++) {
    const int64_t N = call.dim(1 + i, 0);
    const Operand weight = operandOf(call, call.in(1 + i), N, D, parts);
    multiply(call, x, false, weight, true, call.out(i, {T, N}), T, N, D,
             {.bias = call.optional(1 + n + i)});
  }
}

// x, n gradients [T, N], n weights -> dx, n dWeights, n dBiases; empty what isn't
// wanted. Settings: n, parts, whether dx is wanted, and of the weights and of the
// biases the sum of 2^i of those that are.
void linearGrad(GpuCall& call) {
  const int n = (int)call.setting(0), parts = (int)call.setting(1);
  const bool wantX = call.setting(2) != 0;
  const int weights = (int)call.setting(3), biases = (int)call.setting(4);
  const int64_t T = call.dim(1, 0), D = call.dim(1 + n, 1);
  float* dx = call.out(0, {wantX ? T : 0, D});
  const Operand x =
      weights ? operandOf(call, call.in(0), T, D, parts) : Operand{};
  for (int i = 0; i < n; i++) {
    const int64_t N = call.dim(1 + i, 1);
    const bool wantWeight = weights >> i & 1, wantBias = biases >> i & 1;
    float* dWeight = call.out(1 + i, {wantWeight ? N : 0, D});
    float* dBias = call.out(1 + n + i, {wantBias ? N : 0});
    const Operand dy =
        gradientOf(call, {.x = call.in(1 + i)}, T, N, parts,
                   {.first = wantBias ? dBias : nullptr})
            .first;
    if (wantX) {
      const Operand weight = operandOf(call, call.in(1 + n + i), N, D, parts);
      multiply(call, dy, false, weight, false, dx, T, D, N, {.onto = i > 0});
    }
    if (wantWeight) multiply(call, dy, true, x, false, dWeight, N, D, T);
  }
}

const GpuOp<linear> a("TdroLinear", {.list = true, .results = true});
const GpuOp<linearGrad> b("TdroLinearGrad", {.list = true, .results = true});

}  // namespace
}  // namespace tdro
#endif
