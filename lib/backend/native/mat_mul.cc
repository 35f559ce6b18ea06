// Matrix product with bias, activation and a sum, in one pass.
#include "call.h"
#include "gemm.h"

namespace tdro {
namespace {

// a, b, bias?, add?, gate?, up? -> C, and the second result of some forms.
// Settings: transpose a, transpose b, parts, activation, form (see gemm.h),
// whether the second result is wanted, scale.
void matMul(Call& call) {
  const bool ta = call.setting(0) != 0, tb = call.setting(1) != 0;
  const int64_t K = call.dim(0, ta ? 0 : 1);
  const int64_t M = call.dim(0, ta ? 1 : 0), N = call.dim(1, tb ? 0 : 1);
  const bool both = call.setting(5) != 0;
  float* c = call.out(0, {M, N});
  float* second = call.out(1, {both ? M : 0, both ? N : 0});
  gemm({call.in(0), call.dim(0, 1), ta}, {call.in(1), call.dim(1, 1), tb}, c, M,
       N, K, (int)call.setting(2),
       {.scale = call.setting(6),
        .bias = call.optional(2),
        .add = call.optional(3),
        .gate = call.optional(4),
        .up = call.optional(5),
        .second = both ? second : nullptr,
        .activation = (int)call.setting(3),
        .form = (Form)(int)call.setting(4)});
}

const Op<matMul> a("TdroMatMul", {.floats = 6, .outputs = 2});

}  // namespace
}  // namespace tdro
