// Passes over rows with sums by column: first of a fixed number of parts, then of
// the parts in their order, so that the result has the same bits every time.
#include "device.h"
#include "gpu_activation.h"
#include "round.h"
#include "row_pass.h"

#define LANES 32
#define ROWS (THREADS / LANES)

extern "C" {

// partial [parts, 2, D], or none
__global__ void tdroRowPass(int64_t rows, int D, RowPass pass, float* partial) {
  SHARED(shared);
  const int lane = threadIdx.x % LANES, row = threadIdx.x / LANES;
  const int d = blockIdx.x * LANES + lane;
  const int64_t part = blockIdx.y, parts = gridDim.y;
  const int64_t end = rows * (part + 1) / parts;
  float first = 0, second = 0;
  if (d < D) {
#pragma unroll 4
    for (int64_t r = rows * part / parts + row; r < end; r += ROWS) {
      const int64_t i = r * D + d;
      float g = pass.x[i], more = 0;
      if (pass.form == RowPass::norm) {
        const float mean = pass.means ? pass.means[r] : 0.0f;
        more = g * (pass.value[i] - mean) * pass.scales[r];
      } else if (pass.form == RowPass::slope) {
        g *= slopeOf(pass.activation, pass.gate[i]);
      } else if (pass.form == RowPass::ungated) {
        const float gate = pass.gate[i];
        more = g * pass.up[i] * slopeOf(pass.activation, gate);
        g *= valueOf(pass.activation, gate);
      }
      if (pass.y) pass.y[i] = g;
      if (pass.second) pass.second[i] = more;
      if (pass.half) pass.half[i] = rounded(g);
      if (pass.secondHalf) pass.secondHalf[i] = rounded(more);
      first += g;
      second += more;
    }
  }
  if (!partial) return;
  shared[threadIdx.x] = first;
  shared[THREADS + threadIdx.x] = second;
  __syncthreads();
  if (row > 0 || d >= D) return;
  for (int i = 1; i < ROWS; i++) {
    first += shared[i * LANES + lane];
    second += shared[THREADS + i * LANES + lane];
  }
  partial[(part * 2) * D + d] = first;
  partial[(part * 2 + 1) * D + d] = second;
}

__global__ void tdroColumnTotal(int parts, int D, const float* partial,
                                float* first, float* second) {
  SHARED(shared);
  float* y = blockIdx.y ? second : first;
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
#include <algorithm>

#include "columns.h"

namespace tdro {

void passRows(GpuCall& call, int64_t rows, int64_t D, const RowPass& pass,
              const Sums& sums) {
  const int64_t parts = std::clamp<int64_t>(rows / (8 * ROWS), 1, 256);
  const bool adding = sums.first || sums.second;
  float* partial = adding ? call.temporary(parts * 2 * D) : nullptr;
  call.launch(KERNEL(tdroRowPass), {ceilDiv(D, LANES), (int)parts},
              2 * THREADS * sizeof(float), rows, D, pass, partial);
  if (!adding) return;
  call.launch(KERNEL(tdroColumnTotal), {ceilDiv(D, LANES), 2},
              THREADS * sizeof(float), parts, D, partial, sums.first,
              sums.second);
}

}  // namespace tdro
#endif
