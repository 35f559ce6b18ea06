// Activations and their gradients, element by element.
#include "activation.h"
#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

constexpr int64_t GRAIN = 1 << 14;

// x -> f(x)
void activation(Call& call) {
  const float* x = call.in(0);
  float* y = call.outLike(0, 0);
  withActivation((int)call.setting(0), [&](auto f) {
    parallelRanges(call.size(0), GRAIN, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) y[i] = f.value(x[i]);
    });
  });
}

// dy, x -> dy · f'(x)
void activationGrad(Call& call) {
  const float *dy = call.in(0), *x = call.in(1);
  float* dx = call.outLike(0, 0);
  withActivation((int)call.setting(0), [&](auto f) {
    parallelRanges(call.size(0), GRAIN, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) dx[i] = dy[i] * f.slope(x[i]);
    });
  });
}

// gate, up -> f(gate) · up
void gated(Call& call) {
  const float *gate = call.in(0), *up = call.in(1);
  float* y = call.outLike(0, 0);
  withActivation((int)call.setting(0), [&](auto f) {
    parallelRanges(call.size(0), GRAIN, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) y[i] = f.value(gate[i]) * up[i];
    });
  });
}

// dy, gate, up -> the gradients of gate and up
void gatedGrad(Call& call) {
  const float *dy = call.in(0), *gate = call.in(1), *up = call.in(2);
  float *dGate = call.outLike(0, 0), *dUp = call.outLike(1, 0);
  withActivation((int)call.setting(0), [&](auto f) {
    parallelRanges(call.size(0), GRAIN, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        dGate[i] = dy[i] * up[i] * f.slope(gate[i]);
        dUp[i] = dy[i] * f.value(gate[i]);
      }
    });
  });
}

const Op<activation> a("TdroActivation", {.floats = 1});
const Op<activationGrad> b("TdroActivationGrad", {.floats = 2});
const Op<gated> c("TdroGated", {.floats = 2});
const Op<gatedGrad> d("TdroGatedGrad", {.floats = 3, .outputs = 2});

}  // namespace
}  // namespace tdro
