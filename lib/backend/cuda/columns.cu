// Sums over the rows of a matrix: first of a fixed number of parts, then of the
// parts in their order, so that the result has the same bits every time.
#include "device.h"

#define LANES 32
#define ROWS (THREADS / LANES)

extern "C" {

// partial [parts, 2, D]
__global__ void tdroColumnParts(int64_t rows, int D, const float* dy,
                                const float* x, const float* means,
                                const float* scales, float* partial) {
  SHARED(shared);
  const int lane = threadIdx.x % LANES, row = threadIdx.x / LANES;
  const int d = blockIdx.x * LANES + lane;
  const int64_t part = blockIdx.y, parts = gridDim.y;
  const int64_t end = rows * (part + 1) / parts;
  float sum = 0, product = 0;
  if (d < D) {
    for (int64_t r = rows * part / parts + row; r < end; r += ROWS) {
      const float g = dy[r * D + d];
      sum += g;
      if (x) {
        const float mean = means ? means[r] : 0.0f;
        product += g * (x[r * D + d] - mean) * scales[r];
      }
    }
  }
  shared[threadIdx.x] = sum;
  shared[THREADS + threadIdx.x] = product;
  __syncthreads();
  if (row > 0 || d >= D) return;
  for (int i = 1; i < ROWS; i++) {
    sum += shared[i * LANES + lane];
    product += shared[THREADS + i * LANES + lane];
  }
  partial[(part * 2) * D + d] = sum;
  partial[(part * 2 + 1) * D + d] = product;
}

// y [D] of which = 0, the sums, and of which = 1, the products.
__global__ void tdroColumnTotal(int parts, int D, const float* partial,
                                float* sums, float* products) {
  SHARED(shared);
  float* y = blockIdx.y ? products : sums;
  const int lane = threadIdx.x % LANES, row = threadIdx.x / LANES;
  const int d = blockIdx.x * LANES + lane;
  if (!y) return;
  float sum = 0;
  for (int p = row; p < parts && d < D; p += ROWS) {
    sum += partial[(p * 2 + blockIdx.y) * D + d];
  }
  shared[threadIdx.x] = sum;
  __syncthreads();
  if (row > 0 || d >= D) return;
  for (int i = 1; i < ROWS; i++) sum += shared[i * LANES + lane];
  y[d] = sum;
}

}  // extern "C"

#ifndef __CUDACC_RTC__
#include "columns.h"

#include <algorithm>

namespace tdro {

void sumColumns(GpuCall& call, const Columns& c) {
  const int64_t parts = std::clamp<int64_t>(c.rows / (8 * ROWS), 1, 256);
  float* partial = call.temporary(parts * 2 * c.D);
  call.launch(KERNEL(tdroColumnParts), {ceilDiv(c.D, LANES), (int)parts},
              2 * THREADS * sizeof(float), c.rows, c.D, c.dy, c.x, c.means,
              c.scales, partial);
  call.launch(KERNEL(tdroColumnTotal), {ceilDiv(c.D, LANES), 2},
              THREADS * sizeof(float), parts, c.D, partial, c.sums, c.products);
}

namespace {

// x [N, D] -> the sum of its rows [D]
void columnSum(GpuCall& call) {
  const int64_t D = call.dim(0, 1);
  float* y = call.out(0, {D});
  sumColumns(call,
             {.rows = call.dim(0, 0), .D = D, .dy = call.in(0), .sums = y});
}

const GpuOp<columnSum> a("TdroColumnSum", {.floats = 1});

}  // namespace
}  // namespace tdro
#endif
