// Affine maps of one input, and their gradients.
#include "gradient.h"
#include "product.h"
#include "wanted.h"

namespace tdro {
namespace {

// x [T, D], n weights [N, D], n biases? [N] -> n results [T, N]
// Settings: n, precision.
void linear(GpuCall& call) {
  const int n = (int)call.setting(0);
  const Precision precision = precisionOf(call.setting(1));
  const int64_t T = call.dim(0, 0), D = call.dim(0, 1);
  const Operand x = operandOf(call, call.in(0), T, D, precision);
  for (int i = 0; i < n; i++) {
    const int64_t N = call.dim(1 + i, 0);
    const Operand weight = operandOf(call, call.in(1 + i), N, D, precision);
    multiply(call, x, false, weight, true, call.out(i, {T, N}), T, N, D,
             {.bias = call.optional(1 + n + i)});
  }
}

// x, n gradients [T, N], n weights -> dx, n dWeights, n dBiases. Settings: n,
// precision, which are wanted.
void linearGrad(GpuCall& call) {
  const int n = (int)call.setting(0);
  const Precision precision = precisionOf(call.setting(1));
  const Wanted wanted{call, (int)call.setting(2)};
  const int64_t T = call.dim(1, 0), D = call.dim(1 + n, 1);
  float* dx = wanted.out(0, T, D);
  const Operand x = wanted.any(1, 1 + n)
                        ? operandOf(call, call.in(0), T, D, precision)
                        : Operand{};
  for (int i = 0; i < n; i++) {
    const int64_t N = call.dim(1 + i, 1);
    float *dWeight = wanted.out(1 + i, N, D), *dBias = wanted.out(1 + n + i, N);
    const Operand dy = gradientOf(call, {.x = call.in(1 + i)}, T, N, precision,
                                  {.first = dBias})
                           .first;
    if (dx) {
      const Operand weight =
          operandOf(call, call.in(1 + n + i), N, D, precision);
      multiply(call, dy, false, weight, false, dx, T, D, N, {.onto = i > 0});
    }
    if (dWeight) multiply(call, dy, true, x, false, dWeight, N, D, T);
  }
}

const GpuOp<linear> a("TdroLinear", {.list = true, .results = true});
const GpuOp<linearGrad> b("TdroLinearGrad", {.list = true, .results = true});

}  // namespace
}  // namespace tdro
