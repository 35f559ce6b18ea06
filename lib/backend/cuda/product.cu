// Matrix products: cuBLAS multiplies; what comes before and after it are passes
// of ours over the numbers.
#include "device.h"
#include "round.h"

extern "C" {

// Four numbers a thread.
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

__global__ void tdroAddBias(int64_t n, int N, const float* bias, float* c) {
  const int64_t i = threadNumber() * 4;
  if (i >= n) return;
  if (N % 4 == 0) {
    const float4 v = *(const float4*)(c + i);
    const float4 b = *(const float4*)(bias + i % N);
    *(float4*)(c + i) = {v.x + b.x, v.y + b.y, v.z + b.z, v.w + b.w};
  } else {
    for (int64_t j = i; j < n && j < i + 4; j++) c[j] += bias[j % N];
  }
}

}  // extern "C"

#ifndef __CUDACC_RTC__
#include "product.h"

namespace tdro {

Operand operandOf(GpuCall& call, const float* x, int64_t rows, int64_t columns,
                  Precision precision) {
  if (precision != Precision::bfloat16) return {x, columns, false};
  const int64_t count = rows * columns;
  uint16_t* half = call.temporary<uint16_t>(count);
  call.launchFor((count + 3) / 4, KERNEL(tdroRound), count, x, half);
  return {half, columns, true};
}

void multiply(GpuCall& call, const Operand& a, bool transposeA,
              const Operand& b, bool transposeB, float* c, int64_t M, int64_t N,
              int64_t K, const Storing& storing) {
  if (M == 0 || N == 0) return;
  product(call.stream(), {.a = a.data,
                          .b = b.data,
                          .c = c,
                          .M = (int)M,
                          .N = (int)N,
                          .K = (int)K,
                          .strideA = (int)a.columns,
                          .strideB = (int)b.columns,
                          .transposeA = transposeA,
                          .transposeB = transposeB,
                          .rounded = a.rounded,
                          .onto = storing.onto,
                          .scale = storing.scale});
  if (!storing.bias) return;
  call.launchFor((M * N + 3) / 4, KERNEL(tdroAddBias), M * N, N, storing.bias,
                 c);
}

namespace {

// a, b -> C. Settings: transpose a, transpose b, precision (bfloat16 or
// float32), scale.
void matMul(GpuCall& call) {
  const bool ta = call.setting(0) != 0, tb = call.setting(1) != 0;
  const Precision precision = precisionOf(call.setting(2));
  const int64_t K = call.dim(0, ta ? 0 : 1);
  const int64_t M = call.dim(0, ta ? 1 : 0), N = call.dim(1, tb ? 0 : 1);
  float* c = call.out(0, {M, N});
  const Operand a =
      operandOf(call, call.in(0), call.dim(0, 0), call.dim(0, 1), precision);
  const Operand b =
      operandOf(call, call.in(1), call.dim(1, 0), call.dim(1, 1), precision);
  multiply(call, a, ta, b, tb, c, M, N, K, {.scale = call.setting(3)});
}

const GpuOp<matMul> a("TdroMatMul", {.floats = 2});

}  // namespace
}  // namespace tdro
#endif
