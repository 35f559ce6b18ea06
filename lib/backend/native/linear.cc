// Affine maps of one input, and their gradients.
#include "call.h"
#include "column_sum.h"
#include "gemm.h"

namespace tdro {
namespace {

// x [T, D], n weights [N, D], n biases? [N] -> n results [T, N]
// Settings: n, parts (see gemm.h).
void linear(Call& call) {
  const int n = (int)call.setting(0);
  const int64_t T = call.dim(0, 0), D = call.dim(0, 1);
  std::vector<Right> sides;
  for (int i = 0; i < n; i++) {
    const int64_t N = call.dim(1 + i, 0);
    sides.push_back({{call.in(1 + i), D, true},
                     call.out(i, {T, N}),
                     N,
                     {.bias = call.optional(1 + n + i)}});
  }
  gemm({call.in(0), D, false}, sides, T, D, (int)call.setting(1));
}

// x, n gradients [T, N], n weights -> dx, n dWeights, n dBiases; empty what isn't
// wanted. Settings: n, parts, whether dx is wanted, and of the weights and of the
// biases the sum of 2^i of those that are.
void linearGrad(Call& call) {
  const int n = (int)call.setting(0), parts = (int)call.setting(1);
  const bool wantX = call.setting(2) != 0;
  const int weights = (int)call.setting(3), biases = (int)call.setting(4);
  const int64_t T = call.dim(1, 0), D = call.dim(1 + n, 1);
  float* dx = call.out(0, {wantX ? T : 0, D});
  for (int i = 0; i < n; i++) {
    const float *dy = call.in(1 + i), *weight = call.in(1 + n + i);
    const int64_t N = call.dim(1 + i, 1);
    const bool wantWeight = weights >> i & 1, wantBias = biases >> i & 1;
    float* dWeight = call.out(1 + i, {wantWeight ? N : 0, D});
    float* dBias = call.out(1 + n + i, {wantBias ? N : 0});
    if (wantX) {
      gemm({dy, N, false}, {{{weight, D, false}, dx, D, {.onto = i > 0}}}, T, N,
           parts);
    }
    if (wantWeight) {
      gemm({dy, N, true}, {{{call.in(0), D, false}, dWeight, D}}, N, T, parts);
    }
    if (wantBias) columnSum(dy, T, N, dBias);
  }
}

const Op<linear> a("TdroLinear", {.list = true, .results = true});
const Op<linearGrad> b("TdroLinearGrad", {.list = true, .results = true});

}  // namespace
}  // namespace tdro
