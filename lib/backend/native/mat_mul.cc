// Matrix product with bias, activation and a sum, in one pass.
#include "call.h"
#include "gemm.h"

namespace tdro {
namespace {

// a, b, bias?, add? -> product, and what went into the activation.
// Settings: transpose a, transpose b, parts, activation, whether to keep that.
void matMul(Call& call) {
  const bool ta = call.setting(0) != 0, tb = call.setting(1) != 0;
  const int64_t K = call.dim(0, ta ? 0 : 1);
  const int64_t M = call.dim(0, ta ? 1 : 0), N = call.dim(1, tb ? 0 : 1);
  const bool keep = call.setting(4) != 0;
  float* c = call.out(0, {M, N});
  float* before = call.out(1, {keep ? M : 0, keep ? N : 0});
  gemm({call.in(0), call.dim(0, 1), ta}, {call.in(1), call.dim(1, 1), tb}, c, M,
       N, K, (int)call.setting(2),
       {.bias = call.optional(2),
        .add = call.optional(3),
        .activation = (int)call.setting(3),
        .before = keep ? before : nullptr});
}

const Op<matMul> a("TdroMatMul", {.floats = 4, .outputs = 2});

}  // namespace
}  // namespace tdro
