// The feed-forward parts of a layer: two maps with an activation between them, or
// three with a gate.
#include "device.h"
#include "gpu_activation.h"
#include "round.h"

// a becomes a + bias; what comes out is f(a), or f(a) · (b + bias of b), in
// float32 or rounded.
struct Inner {
  int activation, N;
  const float* biasA;
  float* a;
  const float* biasB;
  float* b;
  float* y;
  uint16_t* half;

  __device__ void operator()(int64_t i) const {
    float v = a[i];
    if (biasA) a[i] = v += biasA[i % N];
    v = valueOf(activation, v);
    if (b) {
      float w = b[i];
      if (biasB) b[i] = w += biasB[i % N];
      v *= w;
    }
    if (y) y[i] = v;
    else half[i] = rounded(v);
  }
};

extern "C" __global__ void tdroInner(int64_t n, Inner inner) {
  // Four numbers a thread, far from each other: so a warp's lie side by side.
  const int64_t first = (int64_t)blockIdx.x * THREADS * 4 + threadIdx.x;
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const int64_t i = first + k * THREADS;
    if (i < n) inner(i);
  }
}

#ifndef __CUDACC_RTC__
#include "gradient.h"
#include "product.h"
#include "wanted.h"

namespace tdro {
namespace {

// A weight [N, D] and perhaps a bias [N], inputs i and i + 1 of a call.
struct Map {
  Operand weight;
  const float* bias;
  int64_t N, D;

  Map(GpuCall& call, int i, Precision precision)
      : bias(call.optional(i + 1)), N(call.dim(i, 0)), D(call.dim(i, 1)) {
    weight = operandOf(call, call.in(i), N, D, precision);
  }
  void operator()(GpuCall& call, const Operand& x, int64_t T, float* y,
                  bool withBias) const {
    multiply(call, x, false, weight, true, y, T, N, D,
             {.bias = withBias ? bias : nullptr});
  }
};

// What lies between the maps: kept rounded where it is multiplied so, two of its
// numbers in the place of one.
struct Between {
  float* y;
  Operand operand;

  // Result i of the call.
  Between(GpuCall& call, int i, int64_t T, int64_t F, Precision precision) {
    const bool rounded = precision == Precision::bfloat16;
    y = rounded ? call.out(i, {(T * F + 1) / 2}) : call.out(i, {T, F});
    operand = {y, F, rounded};
  }
  float* floats() const { return operand.rounded ? nullptr : y; }
  uint16_t* halves() const { return operand.rounded ? (uint16_t*)y : nullptr; }
};

void passInner(GpuCall& call, int64_t count, const Inner& inner) {
  call.launch(KERNEL(tdroInner), {ceilDiv(count, 4 * THREADS)}, 0, count,
              inner);
}

// Result i: the gradient of a map's weight, from those of its output [T, N] and
// its input [T, D].
void weightGrad(GpuCall& call, const Wanted& wanted, int i, const Operand& dy,
                int64_t N, const Operand& x, int64_t D, int64_t T) {
  float* dWeight = wanted.out(i, N, D);
  if (dWeight) multiply(call, dy, true, x, false, dWeight, N, D, T);
}

// x [T, D], inner weight, bias?, outer weight, bias? -> y [T, D], what the
// activation sees [T, F], and what it makes of it. Settings: precision,
// activation.
void feedForward(GpuCall& call) {
  const Precision precision = precisionOf(call.setting(0));
  const int64_t T = call.dim(0, 0);
  const Map inner(call, 1, precision), outer(call, 3, precision);
  float *y = call.out(0, {T, outer.N}), *before = call.out(1, {T, inner.N});
  const Between after(call, 2, T, inner.N, precision);
  const Operand x = operandOf(call, call.in(0), T, inner.D, precision);
  inner(call, x, T, before, false);
  passInner(call, T * inner.N,
            {.activation = (int)call.setting(1),
             .N = (int)inner.N,
             .biasA = inner.bias,
             .a = before,
             .y = after.floats(),
             .half = after.halves()});
  outer(call, after.operand, T, y, true);
}

// x, before, after, inner weight, outer weight, dy -> dx, inner dWeight, dBias,
// outer dWeight, dBias. Settings: precision, activation, which are wanted.
void feedForwardGrad(GpuCall& call) {
  const Precision precision = precisionOf(call.setting(0));
  const int64_t T = call.dim(5, 0), F = call.dim(3, 0), D = call.dim(3, 1);
  const int64_t E = call.dim(4, 0);
  const Wanted wanted{call, (int)call.setting(2)};
  float *dx = wanted.out(0, T, D), *dInner = wanted.out(2, F);
  const Operand dy = gradientOf(call, {.x = call.in(5)}, T, E, precision,
                                {.first = wanted.out(4, E)})
                         .first;
  const Operand after{call.in(2), F, precision == Precision::bfloat16};
  weightGrad(call, wanted, 3, dy, E, after, F, T);
  if (!wanted.any(0, 3)) {
    wanted.out(1, F, D);
    return;
  }
  float* dAfter = call.temporary(T * F);
  multiply(call, dy, false, operandOf(call, call.in(4), E, F, precision), false,
           dAfter, T, F, E);
  const Operand rows = gradientOf(call,
                                  {.x = dAfter,
                                   .form = RowPass::slope,
                                   .activation = (int)call.setting(1),
                                   .gate = call.in(1)},
                                  T, F, precision, {.first = dInner})
                           .first;
  if (dx) {
    multiply(call, rows, false, operandOf(call, call.in(3), F, D, precision),
             false, dx, T, D, F);
  }
  const Operand x =
      wanted(1) ? operandOf(call, call.in(0), T, D, precision) : Operand{};
  weightGrad(call, wanted, 1, rows, F, x, D, T);
}

// x, gate weight, bias?, up weight, bias?, down weight, bias? -> y, gates, ups,
// f(gates) · ups. Settings: precision, activation.
void gatedFeedForward(GpuCall& call) {
  const Precision precision = precisionOf(call.setting(0));
  const int64_t T = call.dim(0, 0);
  const Map gate(call, 1, precision), up(call, 3, precision);
  const Map down(call, 5, precision);
  float* y = call.out(0, {T, down.N});
  float *gates = call.out(1, {T, gate.N}), *ups = call.out(2, {T, up.N});
  const Between inner(call, 3, T, up.N, precision);
  const Operand x = operandOf(call, call.in(0), T, gate.D, precision);
  gate(call, x, T, gates, false);
  up(call, x, T, ups, false);
  passInner(call, T * up.N,
            {.activation = (int)call.setting(1),
             .N = (int)up.N,
             .biasA = gate.bias,
             .a = gates,
             .biasB = up.bias,
             .b = ups,
             .y = inner.floats(),
             .half = inner.halves()});
  down(call, inner.operand, T, y, true);
}

// x, gates, ups, inner, the three weights, dy -> dx, then dWeight and dBias of
// gate, up, down. Settings: precision, activation, which are wanted.
void gatedFeedForwardGrad(GpuCall& call) {
  const Precision precision = precisionOf(call.setting(0));
  const int64_t T = call.dim(7, 0), F = call.dim(4, 0), D = call.dim(4, 1);
  const int64_t E = call.dim(6, 0);
  const Wanted wanted{call, (int)call.setting(2)};
  float* dx = wanted.out(0, T, D);
  float *ofGate = wanted.out(2, F), *ofUp = wanted.out(4, F);
  const Operand dy = gradientOf(call, {.x = call.in(7)}, T, E, precision,
                                {.first = wanted.out(6, E)})
                         .first;
  const Operand inner{call.in(3), F, precision == Precision::bfloat16};
  weightGrad(call, wanted, 5, dy, E, inner, F, T);
  if (!wanted.any(0, 5)) {
    wanted.out(1, F, D);
    wanted.out(3, F, D);
    return;
  }
  float* dInner = call.temporary(T * F);
  multiply(call, dy, false, operandOf(call, call.in(6), E, F, precision), false,
           dInner, T, F, E);
  const Gradients rows = gradientOf(call,
                                    {.x = dInner,
                                     .form = RowPass::ungated,
                                     .activation = (int)call.setting(1),
                                     .gate = call.in(1),
                                     .up = call.in(2)},
                                    T, F, precision,
                                    {.first = ofUp, .second = ofGate});
  const auto &dUp = rows.first, &dGate = rows.second;
  if (dx) {
    multiply(call, dUp, false, operandOf(call, call.in(5), F, D, precision),
             false, dx, T, D, F);
    multiply(call, dGate, false, operandOf(call, call.in(4), F, D, precision),
             false, dx, T, D, F, {.onto = true});
  }
  const Operand x = wanted(1) || wanted(3)
                        ? operandOf(call, call.in(0), T, D, precision)
                        : Operand{};
  weightGrad(call, wanted, 1, dGate, F, x, D, T);
  weightGrad(call, wanted, 3, dUp, F, x, D, T);
}

const GpuOp<feedForward> a("TdroFeedForward", {.floats = 5, .outputs = 3});
const GpuOp<feedForwardGrad> b("TdroFeedForwardGrad",
                               {.floats = 6, .outputs = 5});
const GpuOp<gatedFeedForward> c("TdroGatedFeedForward",
                                {.floats = 7, .outputs = 4});
const GpuOp<gatedFeedForwardGrad> d("TdroGatedFeedForwardGrad",
                                    {.floats = 8, .outputs = 7});

}  // namespace
}  // namespace tdro
#endif
