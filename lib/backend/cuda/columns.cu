// Passes over rows with sums by column: first of a fixed number of parts, then of
// the parts in their order, so that the result has the same bits every time.
#include "device.h"
#include "gpu_activation.h"
#include "round.h"
#include "row_pass.h"

#define LANES 32
#define ROWS (THREADS / LANES)

// Neighbours in a row, read and written in one go.
template <int W>
struct alignas(W * 4) Floats {
  float at[W];
};
template <int W>
struct alignas(W * 2) Halves {
  uint16_t at[W];
};

template <int W>
__device__ Floats<W> load(const float* x, int64_t i) {
  return *reinterpret_cast<const Floats<W>*>(x + i);
}
template <int W>
__device__ void store(float* y, uint16_t* half, int64_t i,
                      const Floats<W>& values) {
  if (y) *reinterpret_cast<Floats<W>*>(y + i) = values;
  if (!half) return;
  Halves<W> halves;
  for (int k = 0; k < W; k++) halves.at[k] = rounded(values.at[k]);
  *reinterpret_cast<Halves<W>*>(half + i) = halves;
}

// What a block adds up: W columns a thread, every ROWS-th row of [begin, end).
template <RowPass::Form form, int W>
__device__ void passPart(int64_t begin, int64_t end, int D, int d,
                         const RowPass& pass, float* first, float* second) {
  // Rows read before any is written: what is waited for, is waited for at once.
  // An activation takes long enough, and its code much of a cache.
  constexpr int AHEAD = form == RowPass::plain || form == RowPass::norm ? 4 : 1;
  for (int64_t r = begin; r < end; r += AHEAD * ROWS) {
    Floats<W> x[AHEAD], gate[AHEAD], other[AHEAD];
    float mean[AHEAD], scale[AHEAD];
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      const int64_t row = r + k * ROWS, i = row * D + d;
      if (row >= end) break;
      x[k] = load<W>(pass.x, i);
      if (form == RowPass::norm) {
        other[k] = load<W>(pass.value, i);
        mean[k] = pass.means ? pass.means[row] : 0.0f;
        scale[k] = pass.scales[row];
      }
      if (form == RowPass::slope || form == RowPass::ungated) {
        gate[k] = load<W>(pass.gate, i);
      }
      if (form == RowPass::ungated) other[k] = load<W>(pass.up, i);
    }
#pragma unroll
    for (int k = 0; k < AHEAD; k++) {
      const int64_t row = r + k * ROWS;
      if (row >= end) break;
      Floats<W> y = x[k], more;
      for (int w = 0; w < W; w++) {
        const float g = x[k].at[w];
        more.at[w] = 0;
        if (form == RowPass::norm) {
          more.at[w] = g * (other[k].at[w] - mean[k]) * scale[k];
        }
        if (form == RowPass::slope) {
          y.at[w] = g * slopeOf(pass.activation, gate[k].at[w]);
        }
        if (form == RowPass::ungated) {
          more.at[w] =
              g * other[k].at[w] * slopeOf(pass.activation, gate[k].at[w]);
          y.at[w] = g * valueOf(pass.activation, gate[k].at[w]);
        }
        first[w] += y.at[w];
        second[w] += more.at[w];
      }
      store(pass.y, pass.half, row * D + d, y);
      store(pass.second, pass.secondHalf, row * D + d, more);
    }
  }
}

// A block's share of the pass; its sums [2, D], or none.
template <int W>
__device__ void passBlock(int64_t rows, int D, const RowPass& pass,
                          float* shared, float* partial) {
  const int lane = threadIdx.x % LANES, row = threadIdx.x / LANES;
  const int d = (blockIdx.x * LANES + lane) * W;
  const int64_t part = blockIdx.y, parts = gridDim.y;
  const int64_t begin = rows * part / parts + row;
  const int64_t end = rows * (part + 1) / parts;
  float first[W] = {}, second[W] = {};
  if (d < D) {
    switch (pass.form) {
      case RowPass::plain:
        passPart<RowPass::plain, W>(begin, end, D, d, pass, first, second);
        break;
      case RowPass::norm:
        passPart<RowPass::norm, W>(begin, end, D, d, pass, first, second);
        break;
      case RowPass::slope:
        passPart<RowPass::slope, W>(begin, end, D, d, pass, first, second);
        break;
      case RowPass::ungated:
        passPart<RowPass::ungated, W>(begin, end, D, d, pass, first, second);
        break;
    }
  }
  if (!partial) return;
  const int columns = LANES * W;  // a row of `shared` [2, ROWS, columns]
  for (int w = 0; w < W; w++) {
    shared[row * columns + lane * W + w] = first[w];
    shared[(ROWS + row) * columns + lane * W + w] = second[w];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 2 * columns; i += THREADS) {
    const int which = i / columns, c = i % columns;
    const int column = blockIdx.x * columns + c;
    if (column >= D) continue;
    float sum = 0;
    for (int k = 0; k < ROWS; k++) {
      sum += shared[(which * ROWS + k) * columns + c];
    }
    partial[(part * 2 + which) * D + column] = sum;
  }
}

extern "C" {

// partial [parts, 2, D], or none
__global__ void tdroRowPass(int64_t rows, int D, RowPass pass, float* partial) {
  SHARED(shared);
  passBlock<1>(rows, D, pass, shared, partial);
}

// Where rows are of whole fours.
__global__ void tdroRowPass4(int64_t rows, int D, RowPass pass,
                             float* partial) {
  SHARED(shared);
  passBlock<4>(rows, D, pass, shared, partial);
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
  const int64_t parts = std::clamp<int64_t>(rows / (4 * ROWS), 1, 256);
  const bool adding = sums.first || sums.second;
  float* partial = adding ? call.temporary(parts * 2 * D) : nullptr;
  const int width = D % 4 == 0 ? 4 : 1;
  call.launch(width == 4 ? KERNEL(tdroRowPass4) : KERNEL(tdroRowPass),
              {ceilDiv(D, width * LANES), (int)parts},
              2 * width * THREADS * (int)sizeof(float), rows, D, pass, partial);
  if (!adding) return;
  call.launch(KERNEL(tdroColumnTotal), {ceilDiv(D, LANES), 2},
              THREADS * sizeof(float), parts, D, partial, sums.first,
              sums.second);
}

}  // namespace tdro
#endif
