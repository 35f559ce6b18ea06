// Rows of matrices: looked up, added up where several have one place, pooled.
#include "device.h"

extern "C" {

// Stretch i of `order` is [starts[i], starts[i + 1]); y [i] is the sum of the
// rows that it names, or of rows starts[i] … themselves without `order`.
__global__ void tdroRowSum(int D, const int32_t* starts, const int32_t* order,
                           const float* rows, float* y) {
  const int d = blockIdx.y * THREADS + threadIdx.x;
  if (d >= D) return;
  const int begin = starts[blockIdx.x], end = starts[blockIdx.x + 1];
  float sum = 0;
#pragma unroll 4
  for (int i = begin; i < end; i++) {
    sum += rows[(int64_t)(order ? order[i] : i) * D + d];
  }
  y[(int64_t)blockIdx.x * D + d] = sum;
}

// Zeros where there is no such row.
__global__ void tdroGather(int D, int64_t V, const int32_t* ids,
                           const float* table, float* y) {
  const int d = blockIdx.y * THREADS + threadIdx.x;
  if (d >= D) return;
  const int64_t id = ids[blockIdx.x];
  y[(int64_t)blockIdx.x * D + d] =
      id >= 0 && id < V ? table[id * D + d] : 0.0f;
}

__global__ void tdroPool(int D, const int32_t* offsets, const float* x,
                         const float* weights, float* y) {
  const int d = blockIdx.y * THREADS + threadIdx.x;
  if (d >= D) return;
  float sum = 0;
  for (int t = offsets[blockIdx.x]; t < offsets[blockIdx.x + 1]; t++) {
    const float w = weights[t];
    if (w != 0) sum += w * x[(int64_t)t * D + d];
  }
  y[(int64_t)blockIdx.x * D + d] = sum;
}

__global__ void tdroPoolGrad(int D, const int32_t* offsets, const float* dy,
                             const float* weights, float* dx) {
  const int d = blockIdx.y * THREADS + threadIdx.x;
  if (d >= D) return;
  const float g = dy[(int64_t)blockIdx.x * D + d];
  for (int t = offsets[blockIdx.x]; t < offsets[blockIdx.x + 1]; t++) {
    dx[(int64_t)t * D + d] = weights[t] * g;
  }
}

}  // extern "C"

#ifndef __CUDACC_RTC__
#include <algorithm>

#include "gpu_call.h"

namespace tdro {
namespace {

// Rows that one block adds up; a place that has more of them takes two passes.
constexpr int64_t STRETCH = 64;

// rows [N, D], order [N], starts [U + 1] -> [U, D]: row u is the sum of the rows
// that `order` names from starts[u] to starts[u + 1], in that order.
void rowSum(GpuCall& call) {
  const int64_t D = call.dim(0, 1), N = call.size(1), U = call.size(2) - 1;
  const int32_t* starts = call.ints(2);
  float* y = call.out(0, {U, D});
  const int columns = ceilDiv(D, THREADS);
  const int32_t* order = call.toGpu(call.ints(1), N);
  // Pieces of each place, and where each place's begin.
  std::vector<int32_t> pieces, places;
  for (int64_t u = 0; u < U; u++) {
    places.push_back((int32_t)pieces.size());
    int32_t at = starts[u];
    do {
      pieces.push_back(at);
      at += STRETCH;
    } while (at < starts[u + 1]);
  }
  const int count = (int)pieces.size();
  pieces.push_back((int32_t)N);
  places.push_back(count);
  const bool twice = count > U;
  float* sums = twice ? call.temporary(count * D) : y;
  call.launch(KERNEL(tdroRowSum), {count, columns}, 0, D,
              call.toGpu(pieces), order, call.in(0), sums);
  if (!twice) return;
  call.launch(KERNEL(tdroRowSum), {(int)U, columns}, 0, D,
              call.toGpu(places), (const int32_t*)nullptr, sums,
              y);
}

// table [V, D], ids [N] -> rows [N, D]
void gather(GpuCall& call) {
  const int64_t D = call.dim(0, 1), N = call.size(1);
  float* y = call.out(0, {N, D});
  call.launch(KERNEL(tdroGather), {(int)N, ceilDiv(D, THREADS)}, 0, D,
              call.dim(0, 0), call.toGpu(call.ints(1), N), call.in(0), y);
}

// Starts a kernel with a row of blocks for each text: input 0 is what it reads,
// 1 the bits of the rows' weights, 2 the texts' offsets.
template <class Kernel>
void launchForTexts(GpuCall& call, Kernel kernel, float* y) {
  const int64_t D = call.dim(0, 1), T = call.size(1), B = call.size(2) - 1;
  call.launch(kernel, {(int)B, ceilDiv(D, THREADS)}, 0, D,
              call.toGpu(call.ints(2), B + 1), call.in(0),
              (const float*)call.toGpu(call.ints(1), T), y);
}

// x [T, D], the bits of weights [T], offsets [B + 1] -> per text the weighted sum
// [B, D]
void pool(GpuCall& call) {
  launchForTexts(call, KERNEL(tdroPool),
                 call.out(0, {call.size(2) - 1, call.dim(0, 1)}));
}

// dy [B, D], the bits of weights [T], offsets -> dx [T, D]
void poolGrad(GpuCall& call) {
  launchForTexts(call, KERNEL(tdroPoolGrad),
                 call.out(0, {call.size(1), call.dim(0, 1)}));
}

const GpuOp<rowSum> a("TdroRowSum", {.floats = 1, .ints = 2});
const GpuOp<gather> b("TdroGather", {.floats = 1, .ints = 1});
const GpuOp<pool> c("TdroPool", {.floats = 1, .ints = 2});
const GpuOp<poolGrad> d("TdroPoolGrad", {.floats = 1, .ints = 2});

}  // namespace
}  // namespace tdro
#endif
