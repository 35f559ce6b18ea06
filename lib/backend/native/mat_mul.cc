// Matrix product.
#include "call.h"
#include "gemm.h"

namespace tdro {
namespace {

// a, b -> C. Settings: transpose a, transpose b, precision, scale.
void matMul(Call& call) {
  const bool ta = call.setting(0) != 0, tb = call.setting(1) != 0;
  const int64_t K = call.dim(0, ta ? 0 : 1);
  const int64_t M = call.dim(0, ta ? 1 : 0), N = call.dim(1, tb ? 0 : 1);
  const RightSide side{{call.in(1), call.dim(1, 1), tb},
                  call.out(0, {M, N}),
                  N,
                  {.scale = call.setting(3)}};
  gemm({call.in(0), call.dim(0, 1), ta}, {side}, M, K,
       precisionOf(call.setting(2)));
}

const Op<matMul> a("TdroMatMul", {.floats = 2});

}  // namespace
}  // namespace tdro
