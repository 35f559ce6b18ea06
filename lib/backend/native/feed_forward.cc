// The feed-forward parts of a layer: two maps with an activation between them, or
// three with a gate. The activation and its slope are taken while the products
// are still in the processor.
#include "call.h"
#include "gemm.h"
#include "wanted.h"
#include "weight_gradient.h"

namespace tdro {
namespace {

// A weight [N, D] and perhaps a bias [N], inputs i and i + 1 of a call.
struct Map {
  const float *weight, *bias;
  int64_t N, D;

  Map(Call& call, int i)
      : weight(call.in(i)),
        bias(call.optional(i + 1)),
        N(call.dim(i, 0)),
        D(call.dim(i, 1)) {}
  // Its side of a product with rows of D numbers.
  RightSide side(float* y, Finish finish = {}) const {
    finish.bias = bias;
    return {{weight, D, true}, y, N, finish};
  }
};

// Results i and i + 1: the gradients of a map's weight and bias.
void mapGrad(const Wanted& wanted, int i, const float* dy, int64_t N,
             const float* x, int64_t D, int64_t T, Precision precision) {
  weightGradient(dy, N, x, D, T, precision, wanted.out(i, N, D),
                 wanted.out(i + 1, N));
}

// x [T, D], inner weight, bias?, outer weight, bias? -> y [T, D], what the
// activation sees [T, F], and what it makes of it. Settings: precision,
// activation.
void feedForward(Call& call) {
  const Precision precision = precisionOf(call.setting(0));
  const int activation = (int)call.setting(1);
  const int64_t T = call.dim(0, 0);
  const Map inner(call, 1), outer(call, 3);
  float* y = call.out(0, {T, outer.N});
  float *before = call.out(1, {T, inner.N}), *after = call.out(2, {T, inner.N});
  gemm({call.in(0), inner.D, false},
       {inner.side(after, {.second = before,
                          .activation = activation,
                          .form = Form::activated})},
       T, inner.D, precision);
  gemm({after, outer.D, false}, {outer.side(y)}, T, outer.D, precision);
}

// x, before, after, inner weight, outer weight, dy -> dx, inner dWeight, dBias,
// outer dWeight, dBias. Settings: precision, activation, which are wanted.
void feedForwardGrad(Call& call) {
  const Precision precision = precisionOf(call.setting(0));
  const int activation = (int)call.setting(1);
  const float *x = call.in(0), *before = call.in(1), *after = call.in(2);
  const float *inner = call.in(3), *outer = call.in(4), *dy = call.in(5);
  const int64_t T = call.dim(5, 0), F = call.dim(3, 0), D = call.dim(3, 1);
  const int64_t E = call.dim(4, 0);
  const Wanted wanted{call, (int)call.setting(2)};
  float* dx = wanted.out(0, T, D);
  const bool below = wanted.any(0, 3);
  float* rows = call.temporary(below ? T * F : 0);
  if (below) {
    gemm({dy, E, false},
         {{{outer, F, false},
           rows,
           F,
           {.gate = before, .activation = activation, .form = Form::slope}}},
         T, E, precision);
  }
  if (dx) gemm({rows, F, false}, {{{inner, D, false}, dx, D}}, T, F, precision);
  mapGrad(wanted, 1, rows, F, x, D, T, precision);
  mapGrad(wanted, 3, dy, E, after, F, T, precision);
}

// x, gate weight, bias?, up weight, bias?, down weight, bias? -> y, gates, ups,
// f(gates) · ups. Settings: precision, activation.
void gatedFeedForward(Call& call) {
  const Precision precision = precisionOf(call.setting(0));
  const int activation = (int)call.setting(1);
  const int64_t T = call.dim(0, 0);
  const Map gate(call, 1), up(call, 3), down(call, 5);
  float* y = call.out(0, {T, down.N});
  float *gates = call.out(1, {T, gate.N}), *ups = call.out(2, {T, up.N});
  float* inner = call.out(3, {T, up.N});
  const Matrix x{call.in(0), gate.D, false};
  gemm(x, {gate.side(gates)}, T, gate.D, precision);
  gemm(x,
       {up.side(inner, {.gate = gates,
                       .second = ups,
                       .activation = activation,
                       .form = Form::gated})},
       T, up.D, precision);
  gemm({inner, down.D, false}, {down.side(y)}, T, down.D, precision);
}

// x, gates, ups, inner, the three weights, dy -> dx, then dWeight and dBias of
// gate, up, down. Settings: precision, activation, which are wanted.
void gatedFeedForwardGrad(Call& call) {
  const Precision precision = precisionOf(call.setting(0));
  const int activation = (int)call.setting(1);
  const float *x = call.in(0), *gates = call.in(1), *ups = call.in(2);
  const float *inner = call.in(3), *dy = call.in(7);
  const int64_t T = call.dim(7, 0), F = call.dim(4, 0), D = call.dim(4, 1);
  const int64_t E = call.dim(6, 0);
  const Wanted wanted{call, (int)call.setting(2)};
  float* dx = wanted.out(0, T, D);
  const bool below = wanted.any(0, 5);
  float* dUp = call.temporary(below ? T * F : 0);
  float* dGate = call.temporary(below ? T * F : 0);
  if (below) {
    gemm({dy, E, false},
         {{{call.in(6), F, false},
           dUp,
           F,
           {.gate = gates,
            .up = ups,
            .second = dGate,
            .activation = activation,
            .form = Form::ungated}}},
         T, E, precision);
  }
  if (dx) {
    gemm({dUp, F, false}, {{{call.in(5), D, false}, dx, D}}, T, F, precision);
    gemm({dGate, F, false}, {{{call.in(4), D, false}, dx, D, {.onto = true}}},
         T, F, precision);
  }
  mapGrad(wanted, 1, dGate, F, x, D, T, precision);
  mapGrad(wanted, 3, dUp, F, x, D, T, precision);
  mapGrad(wanted, 5, dy, E, inner, F, T, precision);
}

const Op<feedForward> a("TdroFeedForward", {.floats = 5, .outputs = 3});
const Op<feedForwardGrad> b("TdroFeedForwardGrad", {.floats = 6, .outputs = 5});
const Op<gatedFeedForward> c("TdroGatedFeedForward",
                             {.floats = 7, .outputs = 4});
const Op<gatedFeedForwardGrad> d("TdroGatedFeedForwardGrad",
                                 {.floats = 8, .outputs = 7});

}  // namespace
}  // namespace tdro
