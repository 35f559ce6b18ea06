// Layer norm and RMS norm over stretches of D numbers, with their gradients. A
// warp takes a row.
#include "device.h"

#define WARPS (THREADS / 32)

extern "C" {

__global__ void tdroNorm(int64_t rows, int D, bool rms, float eps, float one,
                         const float* x, const float* gain, const float* bias,
                         const float* residual, float* y, float* sum,
                         float* means, float* scales) {
  const int64_t r = (int64_t)blockIdx.x * WARPS + threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  if (r >= rows) return;
  const float* row = x + r * D;
  float total = 0;
  if (residual) {
    for (int d = lane; d < D; d += 32) {
      const float s = row[d] + residual[r * D + d];
      sum[r * D + d] = s;
      total += s;
    }
    row = sum + r * D;
  } else if (!rms) {
    for (int d = lane; d < D; d += 32) total += row[d];
  }
  const float mean = rms ? 0.0f : warpSum(total) / D;
  float square = 0;
  for (int d = lane; d < D; d += 32) {
    square += (row[d] - mean) * (row[d] - mean);
  }
  const float scale = 1.0f / sqrtf(warpSum(square) / D + eps);
  for (int d = lane; d < D; d += 32) {
    const float value = (row[d] - mean) * scale * (gain[d] + one);
    y[r * D + d] = bias ? value + bias[d] : value;
  }
  if (lane == 0) {
    scales[r] = scale;
    if (!rms) means[r] = mean;
  }
}

__global__ void tdroNormGrad(int64_t rows, int D, bool rms, float one,
                             const float* dy, const float* x,
                             const float* gain, const float* means,
                             const float* scales, float* dx) {
  const int64_t r = (int64_t)blockIdx.x * WARPS + threadIdx.x / 32;
  const int lane = threadIdx.x % 32;
  if (r >= rows) return;
  const float *grad = dy + r * D, *row = x + r * D;
  const float mean = rms ? 0.0f : means[r], scale = scales[r];
  float flat = 0, along = 0;
  for (int d = lane; d < D; d += 32) {
    const float dNormal = grad[d] * (gain[d] + one);
    flat += dNormal;
    along += dNormal * (row[d] - mean) * scale;
  }
  flat = rms ? 0.0f : warpSum(flat) / D;
  along = warpSum(along) / D;
  for (int d = lane; d < D; d += 32) {
    const float normal = (row[d] - mean) * scale;
    dx[r * D + d] = scale * (grad[d] * (gain[d] + one) - flat - normal * along);
  }
}

}  // extern "C"

#ifndef __CUDACC_RTC__
#include "columns.h"
#include "gpu_call.h"

namespace tdro {
namespace {

// x, gain, bias?, residual? -> y, x + residual, mean, 1/deviation
// Settings: eps, whether RMS (no mean), what is added to the gain.
void norm(GpuCall& call) {
  const int64_t D = call.size(1), rows = call.size(0) / D;
  const float* residual = call.optional(3);
  const bool rms = call.setting(1) != 0;
  float* y = call.outLike(0, 0);
  float* sum = residual ? call.outLike(1, 0) : call.out(1, {0});
  float* means = call.out(2, {rms ? 0 : rows});
  float* scales = call.out(3, {rows});
  call.launch(KERNEL(tdroNorm), {ceilDiv(rows, WARPS)}, 0, rows, D, rms,
              call.setting(0), call.setting(2), call.in(0), call.in(1),
              call.optional(2), residual, y, sum, means, scales);
}

// dy, x (+ residual), gain, means, scales -> dx, dGain, dBias
// Settings: whether RMS, what is added to the gain.
void normGrad(GpuCall& call) {
  const int64_t D = call.size(2), rows = call.size(0) / D;
  const bool rms = call.setting(0) != 0;
  float *dx = call.outLike(0, 0), *dGain = call.out(1, {D});
  float* dBias = call.out(2, {rms ? 0 : D});
  call.launch(KERNEL(tdroNormGrad), {ceilDiv(rows, WARPS)}, 0, rows, D, rms,
              call.setting(1), call.in(0), call.in(1), call.in(2),
              call.optional(3), call.in(4), dx);
  passRows(call, rows, D,
           {.x = call.in(0),
            .form = RowPass::norm,
            .value = call.in(1),
            .means = call.optional(3),
            .scales = call.in(4)},
           {.first = rms ? nullptr : dBias, .second = dGain});
}

const GpuOp<norm> a("TdroNorm", {.floats = 4, .outputs = 4});
const GpuOp<normGrad> b("TdroNormGrad", {.floats = 5, .outputs = 3});

}  // namespace
}  // namespace tdro
#endif
