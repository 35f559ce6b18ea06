// What is done to numbers one by one: activations, gates, sums, rotary
// positions, dropout.
#include "device.h"
#include "gpu_activation.h"

extern "C" {

__global__ void tdroActivation(int64_t n, int which, const float* x, float* y) {
  const int64_t i = threadNumber();
  if (i < n) y[i] = valueOf(which, x[i]);
}

__global__ void tdroActivationGrad(int64_t n, int which, const float* dy,
                                   const float* x, float* dx) {
  const int64_t i = threadNumber();
  if (i < n) dx[i] = dy[i] * slopeOf(which, x[i]);
}

__global__ void tdroGated(int64_t n, int which, const float* gate,
                          const float* up, float* y) {
  const int64_t i = threadNumber();
  if (i < n) y[i] = valueOf(which, gate[i]) * up[i];
}

__global__ void tdroGatedGrad(int64_t n, int which, const float* dy,
                              const float* gate, const float* up, float* dGate,
                              float* dUp) {
  const int64_t i = threadNumber();
  if (i >= n) return;
  dGate[i] = dy[i] * up[i] * slopeOf(which, gate[i]);
  dUp[i] = dy[i] * valueOf(which, gate[i]);
}

__global__ void tdroAddInto(int64_t n, float* x, const float* y) {
  const int64_t i = threadNumber();
  if (i < n) x[i] += y[i];
}

// A thread for each pair, and for each number that isn't turned.
__global__ void tdroRotary(int64_t n, int width, int D, int R, float sign,
                           const float* x, const float* cos, const float* sin,
                           float* y) {
  const int64_t i = threadNumber();
  if (i >= n) return;
  const int d = i % width % D;
  if (d >= 2 * R) {
    y[i] = x[i];
  } else if (d < R) {
    const int64_t at = i / width * R + d;
    const float c = cos[at], s = sign * sin[at], a = x[i], b = x[i + R];
    y[i] = a * c - b * s;
    y[i + R] = b * c + a * s;
  }
}

// The finisher of MurmurHash3, as in `kernels/dropout.ts`.
__device__ inline uint32_t mix(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return x ^ (x >> 16);
}

__global__ void tdroDropout(int64_t n, int64_t width, const int32_t* seeds,
                            uint32_t limit, float kept, const float* x,
                            float* y) {
  const int64_t i = threadNumber();
  if (i >= n) return;
  const uint32_t column = (uint32_t)(i % width);
  const uint32_t hash =
      mix(mix((uint32_t)seeds[i / width]) + column * 0x9e3779b9u);
  y[i] = hash >= limit ? x[i] * kept : 0.0f;
}

}  // extern "C"

#ifndef __CUDACC_RTC__
#include "gpu_call.h"

namespace tdro {
namespace {

// x -> f(x)
void activation(GpuCall& call) {
  float* y = call.outLike(0, 0);
  call.launchFor(call.size(0), KERNEL(tdroActivation), call.size(0),
                 (int)call.setting(0), call.in(0), y);
}

// dy, x -> dy · f'(x)
void activationGrad(GpuCall& call) {
  float* dx = call.outLike(0, 0);
  call.launchFor(call.size(0), KERNEL(tdroActivationGrad), call.size(0),
                 (int)call.setting(0), call.in(0), call.in(1), dx);
}

// gate, up -> f(gate) · up
void gated(GpuCall& call) {
  float* y = call.outLike(0, 0);
  call.launchFor(call.size(0), KERNEL(tdroGated), call.size(0),
                 (int)call.setting(0), call.in(0), call.in(1), y);
}

// dy, gate, up -> the gradients of gate and up
void gatedGrad(GpuCall& call) {
  float *dGate = call.outLike(0, 0), *dUp = call.outLike(1, 0);
  call.launchFor(call.size(0), KERNEL(tdroGatedGrad), call.size(0),
                 (int)call.setting(0), call.in(0), call.in(1), call.in(2),
                 dGate, dUp);
}

// x, y -> nothing; x becomes x + y where it is. Its caller has made sure that
// nobody else looks at it.
void addInto(GpuCall& call) {
  call.out(0, {0});
  call.launchFor(call.size(0), KERNEL(tdroAddInto), call.size(0),
                 call.inPlace(0), call.in(1));
}

// x [T, H·D], cos, sin [T, R] -> turned. Settings: heads, sign of the turn.
void rotary(GpuCall& call) {
  const int64_t width = call.dim(0, 1);
  float* y = call.outLike(0, 0);
  call.launchFor(call.size(0), KERNEL(tdroRotary), call.size(0), width,
                 width / (int64_t)call.setting(0), call.dim(1, 1),
                 call.setting(1), call.in(0), call.in(1), call.in(2), y);
}

// x, a seed for each row, limit -> x / (1 - rate) or 0. Setting: 1 / (1 - rate).
void dropout(GpuCall& call) {
  const int64_t rows = call.size(1);
  float* y = call.outLike(0, 0);
  if (call.size(0) == 0) return;
  call.launchFor(call.size(0), KERNEL(tdroDropout), call.size(0),
                 call.size(0) / rows, call.toGpu(call.ints(1), rows),
                 (uint32_t)call.ints(2)[0], call.setting(0), call.in(0), y);
}

const GpuOp<activation> a("TdroActivation", {.floats = 1});
const GpuOp<activationGrad> b("TdroActivationGrad", {.floats = 2});
const GpuOp<gated> c("TdroGated", {.floats = 2});
const GpuOp<gatedGrad> d("TdroGatedGrad", {.floats = 3, .outputs = 2});
const GpuOp<addInto> e("TdroAddInto", {.floats = 2});
const GpuOp<rotary> f("TdroRotary", {.floats = 3});
const GpuOp<dropout> g("TdroDropout", {.floats = 1, .ints = 2});

}  // namespace
}  // namespace tdro
#endif
