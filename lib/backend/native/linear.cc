// Affine maps of one input, and their gradients.
#include "call.h"
#include "gemm.h"
#include "wanted.h"
#include "weight_gradient.h"

namespace tdro {
namespace {

// x [T, D], n weights [N, D], n biases? [N] -> n results [T, N]
// Settings: n, precision.
void linear(Call& call) {
  const int n = (int)call.setting(0);
  const int64_t T = call.dim(0, 0), D = call.dim(0, 1);
  std::vector<RightSide> sides;
  for (int i = 0; i < n; i++) {
    const int64_t N = call.dim(1 + i, 0);
    sides.push_back({{call.in(1 + i), D, true},
                     call.out(i, {T, N}),
                     N,
                     {.bias = call.optional(1 + n + i)}});
  }
  gemm({call.in(0), D, false}, sides, T, D,
       precisionOf(call.setting(1)));
}

// x, n gradients [T, N], n weights -> dx, n dWeights, n dBiases. Settings: n,
// precision, which are wanted.
void linearGrad(Call& call) {
  const int n = (int)call.setting(0);
  const Precision precision = precisionOf(call.setting(1));
  const Wanted wanted{call, (int)call.setting(2)};
  const int64_t T = call.dim(1, 0), D = call.dim(1 + n, 1);
  float* dx = wanted.out(0, T, D);
  for (int i = 0; i < n; i++) {
    const float *dy = call.in(1 + i), *weight = call.in(1 + n + i);
    const int64_t N = call.dim(1 + i, 1);
    if (dx) {
      gemm({dy, N, false}, {{{weight, D, false}, dx, D, {.onto = i > 0}}}, T, N,
           precision);
    }
    weightGradient(dy, N, call.in(0), D, T, precision, wanted.out(1 + i, N, D),
                   wanted.out(1 + n + i, N));
  }
}

const Op<linear> a("TdroLinear", {.list = true, .results = true});
const Op<linearGrad> b("TdroLinearGrad", {.list = true, .results = true});

}  // namespace
}  // namespace tdro
