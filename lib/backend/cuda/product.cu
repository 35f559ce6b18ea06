// Matrix product with bias, activation and a sum. cuBLAS multiplies; what comes
// before and after it are passes of ours over the numbers.
#include "device.h"
#include "gpu_activation.h"

// The numbers of `Form` in native/gemm.h.
#define PLAIN 0
#define ACTIVATED 1
#define SLOPE 2
#define GATED 3
#define UNGATED 4

extern "C" {

__device__ inline uint16_t rounded(float x) {
  const uint32_t bits = __float_as_uint(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fff;  // not a number
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Four numbers a thread; memory ends on a multiple of four.
__global__ void tdroRound(int64_t n, const float* x, uint16_t* y) {
  const int64_t i = threadNumber() * 4;
  if (i >= n) return;
  if (i + 4 <= n) {
    const float4 v = *(const float4*)(x + i);
    *(ushort4*)(y + i) = {rounded(v.x), rounded(v.y), rounded(v.z),
                          rounded(v.w)};
  } else {
    for (int64_t j = i; j < n; j++) y[j] = rounded(x[j]);
  }
}

struct Finish {
  int form, activation, N;
  const float *bias, *add, *gate, *up;
  float *c, *second;

  __device__ void operator()(int64_t i) const {
    const float v = bias ? c[i] + bias[i % N] : c[i];
    float y = v;
    if (form == ACTIVATED) y = valueOf(activation, v);
    else if (form == SLOPE) y = v * slopeOf(activation, gate[i]);
    else if (form != PLAIN) y = v * valueOf(activation, gate[i]);
    if (form == UNGATED) second[i] = v * up[i] * slopeOf(activation, gate[i]);
    else if (second) second[i] = v;
    c[i] = add ? y + add[i] : y;
  }
};

__global__ void tdroFinish(int64_t n, Finish finish) {
  const int64_t i = threadNumber();
  if (i < n) finish(i);
}

}  // extern "C"

#ifndef __CUDACC_RTC__
#include "gpu_call.h"

namespace tdro {
namespace {

// a, b, bias?, add?, gate?, up? -> C, and the second result of some forms.
// Settings: transpose a, transpose b, parts (1: bfloat16, 3: float32),
// activation, form, whether the second result is wanted, scale.
void matMul(GpuCall& call) {
  const bool ta = call.setting(0) != 0, tb = call.setting(1) != 0;
  const int64_t K = call.dim(0, ta ? 0 : 1);
  const int64_t M = call.dim(0, ta ? 1 : 0), N = call.dim(1, tb ? 0 : 1);
  const bool both = call.setting(5) != 0, rounded = call.setting(2) == 1;
  float* c = call.out(0, {M, N});
  float* second = call.out(1, {both ? M : 0, both ? N : 0});
  if (M == 0 || N == 0) return;
  const auto side = [&](int i) -> const void* {
    if (!rounded) return call.in(i);
    uint16_t* half = call.temporary<uint16_t>(call.size(i));
    call.launchFor((call.size(i) + 3) / 4, KERNEL(tdroRound), call.size(i),
                   call.in(i), half);
    return half;
  };
  multiply(call.stream(), {.a = side(0),
                           .b = side(1),
                           .c = c,
                           .M = (int)M,
                           .N = (int)N,
                           .K = (int)K,
                           .strideA = (int)call.dim(0, 1),
                           .strideB = (int)call.dim(1, 1),
                           .transposeA = ta,
                           .transposeB = tb,
                           .rounded = rounded,
                           .scale = call.setting(6)});
  const Finish finish{(int)call.setting(4), (int)call.setting(3), (int)N,
                      call.optional(2),     call.optional(3),
                      call.optional(4),     call.optional(5),
                      c,                    both ? second : nullptr};
  if (finish.form == PLAIN && !finish.bias && !finish.add) return;
  call.launchFor(M * N, KERNEL(tdroFinish), M * N, finish);
}

const GpuOp<matMul> a("TdroMatMul", {.floats = 6, .outputs = 2});

}  // namespace
}  // namespace tdro
#endif
