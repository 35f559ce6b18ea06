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
#include "columns.h"
#include "gradient.h"
#include "product.h"

namespace tdro {

namespace {

// A weight [N, D] and perhaps a bias [N], inputs i and i + 1 of a call.
struct Map {
  Operand weight;
  const float* bias;
  int64_t N, D;

  Map(GpuCall& call, int i, int parts)
      : bias(call.optional(i + 1)), N(call.dim(i, 0)), D(call.dim(i, 1)) {
    weight = operandOf(call, call.in(i), N, D, parts);
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
  Between(GpuCall& call, int i, int64_t T, int64_t F, int parts) {
    y = parts == 1 ? call.out(i, {(T * F + 1) / 2}) : call.out(i, {T, F});
    operand = {y, F, parts == 1};
  }
  float* floats() const { return operand.rounded ? nullptr : y; }
  uint16_t* halves() const { return operand.rounded ? (uint16_t*)y : nullptr; }
};

void passInner(GpuCall& call, int64_t count, const Inner& inner) {
  call.launch(KERNEL(tdroInner), {ceilDiv(count, 4 * THREADS)}, 0, count,
              inner);
}

// Which gradients are wanted, bit by bit in the order of the results.
struct Wanted {
  GpuCall& call;
  int bits;
  int64_t T;

  bool operator()(int i) const { return bits >> i & 1; }
  float* out(int i, int64_t rows, int64_t columns) const {
    return call.out(i, {(*this)(i) ? rows : 0, columns});
  }
  // A bias's gradient, result i; null if it isn't wanted.
  float* outBias(int i, int64_t N) const {
    float* y = call.out(i, {(*this)(i) ? N : 0});
    return (*this)(i) ? y : nullptr;
  }
  void ofWeight(int i, const Operand& dy, int64_t N, const Operand& x,
                int64_t D) const {
    float* dWeight = out(i, N, D);
    if ((*this)(i)) multiply(call, dy, true, x, false, dWeight, N, D, T);
  }
};

// x [T, D], inner weight, bias?, outer weight, bias? -> y [T, D], what the
// activation sees [T, F], and what it makes of it. Settings: parts, activation.
void feedForward(GpuCall& call) {
  const int parts = (int)call.setting(0);
  const int64_t T = call.dim(0, 0);
  const Map inner(call, 1, parts), outer(call, 3, parts);
  float *y = call.out(0, {T, outer.N}), *before = call.out(1, {T, inner.N});
  const Between after(call, 2, T, inner.N, parts);
  inner(call, operandOf(call, call.in(0), T, inner.D, parts), T, before, false);
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
// outer dWeight, dBias. Settings: parts, activation, which are wanted.
void feedForwardGrad(GpuCall& call) {
  const int parts = (int)call.setting(0);
  const int64_t T = call.dim(5, 0), F = call.dim(3, 0), D = call.dim(3, 1);
  const int64_t E = call.dim(4, 0);
  const Wanted wanted{call, (int)call.setting(2), T};
  float *dx = wanted.out(0, T, D), *dInner = wanted.outBias(2, F);
  const Operand dy = gradientOf(call, {.x = call.in(5)}, T, E, parts,
                                {.first = wanted.outBias(4, E)})
                         .first;
  const Operand after{call.in(2), F, parts == 1};
  wanted.ofWeight(3, dy, E, after, F);
  if (!(wanted(0) || wanted(1) || wanted(2))) {
    wanted.out(1, F, D);
    return;
  }
  float* dAfter = call.temporary(T * F);
  multiply(call, dy, false, operandOf(call, call.in(4), E, F, parts), false,
           dAfter, T, F, E);
  const Operand rows = gradientOf(call,
                                  {.x = dAfter,
                                   .form = RowPass::slope,
                                   .activation = (int)call.setting(1),
                                   .gate = call.in(1)},
                                  T, F, parts, {.first = dInner})
                           .first;
  if (wanted(0)) {
    multiply(call, rows, false, operandOf(call, call.in(3), F, D, parts), false,
             dx, T, D, F);
  }
  wanted.ofWeight(1, rows, F,
                  wanted(1) ? operandOf(call, call.in(0), T, D, parts)
                            : Operand{},
                  D);
}

// x, gate weight, bias?, up weight, bias?, down weight, bias? -> y, gates, ups,
// f(gates) · ups. Settings: parts, activation.
void gatedFeedForward(GpuCall& call) {
  const int parts = (int)call.setting(0);
  const int64_t T = call.dim(0, 0);
  const Map gate(call, 1, parts), up(call, 3, parts), down(call, 5, parts);
  float* y = call.out(0, {T, down.N});
  float *gates = call.out(1, {T, gate.N}), *ups = call.out(2, {T, up.N});
  const Between inner(call, 3, T, up.N, parts);
  const Operand x = operandOf(call, call.in(0), T, gate.D, parts);
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
// gate, up, down. Settings: parts, activation, which are wanted.
void gatedFeedForwardGrad(GpuCall& call) {
  const int parts = (int)call.setting(0);
  const int64_t T = call.dim(7, 0), F = call.dim(4, 0), D = call.dim(4, 1);
  const int64_t E = call.dim(6, 0);
  const Wanted wanted{call, (int)call.setting(2), T};
  float* dx = wanted.out(0, T, D);
  float *ofGate = wanted.outBias(2, F), *ofUp = wanted.outBias(4, F);
  const Operand dy = gradientOf(call, {.x = call.in(7)}, T, E, parts,
                                {.first = wanted.outBias(6, E)})
                         .first;
  wanted.ofWeight(5, dy, E, {call.in(3), F, parts == 1}, F);
  if ((wanted.bits & 0b11111) == 0) {
    wanted.out(1, F, D);
    wanted.out(3, F, D);
    return;
  }
  float* dInner = call.temporary(T * F);
  multiply(call, dy, false, operandOf(call, call.in(6), E, F, parts), false,
           dInner, T, F, E);
  const Gradients rows = gradientOf(call,
                                    {.x = dInner,
                                     .form = RowPass::ungated,
                                     .activation = (int)call.setting(1),
                                     .gate = call.in(1),
                                     .up = call.in(2)},
                                    T, F, parts,
                                    {.first = ofUp, .second = ofGate});
  const auto &dUp = rows.first, &dGate = rows.second;
  if (wanted(0)) {
    multiply(call, dUp, false, operandOf(call, call.in(5), F, D, parts), false,
             dx, T, D, F);
    multiply(call, dGate, false, operandOf(call, call.in(4), F, D, parts),
             false, dx, T, D, F, {.onto = true});
  }
  const Operand x = wanted(1) || wanted(3)
                        ? operandOf(call, call.in(0), T, D, parts)
                        : Operand{};
  wanted.ofWeight(1, dGate, F, x, D);
  wanted.ofWeight(3, dUp, F, x, D);
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
