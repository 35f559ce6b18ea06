// The optimiser, and the norm of its gradients.
#include "device.h"

extern "C" {

// Its roundings are spelled out: the same bits in every kernel that calls it.
__device__ inline void step(float* p, float* m, float* v, float g, float beta1,
                            float beta2, float epsilon, float size,
                            float kept) {
  const float first = fmaf(*m, beta1, g * (1.0f - beta1));
  const float second = fmaf(*v, beta2, g * g * (1.0f - beta2));
  *m = first;
  *v = second;
  *p = fmaf(-size, first / (sqrtf(second) + epsilon), *p * kept);
}

__global__ void tdroAdamW(int64_t n, float* p, float* m, float* v,
                          const float* g, float beta1, float beta2,
                          float epsilon, float size, float factor, float kept) {
  const int64_t i = threadNumber();
  if (i >= n) return;
  step(p + i, m + i, v + i, g[i] * factor, beta1, beta2, epsilon, size, kept);
}

// A table whose gradient is the rows `g` with the numbers `ids`, rising. A warp
// takes a row of the table.
__global__ void tdroAdamWRows(int64_t rows, int D, int count,
                              const int32_t* ids, float* p, float* m, float* v,
                              const float* g, float beta1, float beta2,
                              float epsilon, float size, float factor,
                              float kept) {
  const int64_t row = threadNumber() / 32;
  if (row >= rows) return;
  int low = 0, high = count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (ids[middle] < row) low = middle + 1;
    else high = middle;
  }
  const bool has = low < count && ids[low] == row;
  for (int d = threadIdx.x % 32; d < D; d += 32) {
    const int64_t i = row * D + d;
    const float grad = has ? g[(int64_t)low * D + d] * factor : 0.0f;
    step(p + i, m + i, v + i, grad, beta1, beta2, epsilon, size, kept);
  }
}

// The block's sum in double precision, by thread 0.
__device__ inline double blockSum(double x) {
  SHARED(shared);
  double* sums = (double*)shared;
  sums[threadIdx.x] = x;
  __syncthreads();
  for (int s = THREADS / 2; s > 0; s /= 2) {
    if (threadIdx.x < s) sums[threadIdx.x] += sums[threadIdx.x + s];
    __syncthreads();
  }
  return sums[0];
}

__global__ void tdroSquareParts(int64_t n, const float* x, double* partial) {
  double sum = 0;
  for (int64_t i = threadNumber(); i < n; i += (int64_t)gridDim.x * THREADS) {
    sum += (double)x[i] * x[i];
  }
  sum = blockSum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

__global__ void tdroSquareTotal(int n, const double* partial, float* y) {
  double sum = 0;
  for (int i = threadIdx.x; i < n; i += THREADS) sum += partial[i];
  sum = blockSum(sum);
  if (threadIdx.x == 0) y[0] = (float)sum;
}

}  // extern "C"

#ifndef __CUDACC_RTC__
#include <algorithm>

#include "gpu_call.h"

namespace tdro {
namespace {

// Any number of tensors -> the sum of all squares [1], added in double
// precision and in one order.
void squareSum(GpuCall& call) {
  const int bytes = THREADS * sizeof(double);
  const auto blocksOf = [](int64_t size) {
    return std::clamp<int64_t>(size / (4 * THREADS), 1, 256);
  };
  int64_t parts = 0;
  for (int i = 0; i < call.inputs(); i++) parts += blocksOf(call.size(i));
  float* y = call.out(0, {1});
  double* partial = call.temporary<double>(parts);
  int64_t at = 0;
  for (int i = 0; i < call.inputs(); i++) {
    const int blocks = (int)blocksOf(call.size(i));
    call.launch(KERNEL(tdroSquareParts), {blocks}, bytes, call.size(i),
                call.in(i), partial + at);
    at += blocks;
  }
  call.launch(KERNEL(tdroSquareTotal), {1}, bytes, parts, partial, y);
}

// n parameters, n gradients, n first moments, n second ones; all but the
// gradients change where they are. A gradient may be the rows of a table that
// aren't 0; the integers are their numbers, rising, those of all such tables
// one after the other.
// Settings: β₁, β₂, ε·√(1-β₂ᵗ), step size, factor on the gradients; then per
// parameter what its decay leaves of it, and its number of rows or -1.
void adamW(GpuCall& call) {
  const int n = (call.inputs() - 1) / 4;
  const int64_t listed = call.size(4 * n);
  call.out(0, {0});
  const int32_t* ids =
      listed ? call.toGpu(call.ints(4 * n), listed) : nullptr;
  for (int i = 0; i < n; i++) {
    const int64_t count = (int64_t)call.setting(6 + 2 * i);
    const float kept = call.setting(5 + 2 * i);
    float *p = call.inPlace(i), *m = call.inPlace(2 * n + i);
    float* v = call.inPlace(3 * n + i);
    const float* g = call.in(n + i);
    const float beta1 = call.setting(0), beta2 = call.setting(1);
    const float epsilon = call.setting(2), size = call.setting(3);
    const float factor = call.setting(4);
    if (count < 0) {
      call.launchFor(call.size(i), KERNEL(tdroAdamW), call.size(i), p, m, v, g,
                     beta1, beta2, epsilon, size, factor, kept);
    } else {
      const int64_t rows = call.dim(i, 0);
      call.launchFor(rows * 32, KERNEL(tdroAdamWRows), rows, call.dim(i, 1),
                     count, ids, p, m, v, g, beta1, beta2, epsilon, size,
                     factor, kept);
      ids += count;
    }
  }
}

const GpuOp<squareSum> a("TdroSquareSum", {.list = true});
const GpuOp<adamW> b("TdroAdamW", {.ints = 1, .list = true});

}  // namespace
}  // namespace tdro
#endif
