// The optimiser, and the norm of its gradients: all parameters in one launch, a
// block for each piece of one of them.
#include "device.h"

// Numbers that a block sees to.
#define PIECE 4096

// A parameter, or a gradient.
struct Slot {
  int64_t size;
  float *p, *m, *v;
  const float* g;
  float kept;           // what decay leaves of it
  int D;                // of a table whose gradient comes as rows
  int count;            // of those, or -1
  const int32_t* ids;   // their numbers, rising
};

// A piece's slot, and its number there.
struct Piece {
  int slot, number;
};

struct Update {
  float beta1, beta2, epsilon, size, factor;

  // Its roundings are spelled out: the same bits in every kernel.
  __device__ void operator()(const Slot& s, int64_t i, float g) const {
    g *= factor;
    const float first = fmaf(s.m[i], beta1, g * (1.0f - beta1));
    const float second = fmaf(s.v[i], beta2, g * g * (1.0f - beta2));
    s.m[i] = first;
    s.v[i] = second;
    s.p[i] = fmaf(-size, first / (sqrtf(second) + epsilon), s.p[i] * s.kept);
  }
};

// The gradient of number i of a table, of which only rows are given.
__device__ inline float ofRows(const Slot& s, int64_t i) {
  const int64_t row = i / s.D;
  int low = 0, high = s.count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (s.ids[middle] < row) low = middle + 1;
    else high = middle;
  }
  const bool has = low < s.count && s.ids[low] == row;
  return has ? s.g[(int64_t)low * s.D + i % s.D] : 0.0f;
}

// Calls one(slot, i) for this thread's numbers i of the block's piece.
template <class Do>
__device__ inline void forPiece(const Slot* slots, const Piece* pieces,
                                Do one) {
  const Piece piece = pieces[blockIdx.x];
  const Slot s = slots[piece.slot];
  const int64_t from = (int64_t)piece.number * PIECE;
  const int64_t to = from + PIECE < s.size ? from + PIECE : s.size;
  for (int64_t i = from + threadIdx.x; i < to; i += THREADS) one(s, i);
}

extern "C" {

__global__ void tdroAdamW(const Slot* slots, const Piece* pieces,
                          Update update) {
  forPiece(slots, pieces, [&](const Slot& s, int64_t i) {
    update(s, i, s.count < 0 ? s.g[i] : ofRows(s, i));
  });
}

// The block's sum in double precision, in thread 0.
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

__global__ void tdroSquareParts(const Slot* slots, const Piece* pieces,
                                double* partial) {
  double sum = 0;
  forPiece(slots, pieces, [&](const Slot& s, int64_t i) {
    sum += (double)s.g[i] * s.g[i];
  });
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
#include "gpu_call.h"

namespace tdro {
namespace {

std::vector<Piece> piecesOf(const std::vector<Slot>& slots) {
  std::vector<Piece> pieces;
  for (int i = 0; i < (int)slots.size(); i++) {
    const int count = ceilDiv(slots[i].size, PIECE);
    for (int k = 0; k < count; k++) pieces.push_back({i, k});
  }
  return pieces;
}

// Any number of tensors -> the sum of all squares [1], added in double
// precision and in one order.
void squareSum(GpuCall& call) {
  std::vector<Slot> slots;
  for (int i = 0; i < call.inputs(); i++) {
    slots.push_back({.size = call.size(i), .g = call.in(i)});
  }
  const std::vector<Piece> pieces = piecesOf(slots);
  const int count = (int)pieces.size();
  const int bytes = THREADS * sizeof(double);
  float* y = call.out(0, {1});
  double* partial = call.temporary<double>(count);
  call.launch(KERNEL(tdroSquareParts), {count}, bytes, call.toGpu(slots),
              call.toGpu(pieces), partial);
  call.launch(KERNEL(tdroSquareTotal), {1}, bytes, count, partial, y);
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
  std::vector<Slot> slots;
  for (int i = 0; i < n; i++) {
    const int count = (int)call.setting(6 + 2 * i);
    slots.push_back({.size = call.size(i),
                     .p = call.inPlace(i),
                     .m = call.inPlace(2 * n + i),
                     .v = call.inPlace(3 * n + i),
                     .g = call.in(n + i),
                     .kept = call.setting(5 + 2 * i),
                     .D = count < 0 ? 0 : (int)call.dim(i, 1),
                     .count = count,
                     .ids = ids});
    if (count > 0) ids += count;
  }
  const std::vector<Piece> pieces = piecesOf(slots);
  const Update update{call.setting(0), call.setting(1), call.setting(2),
                      call.setting(3), call.setting(4)};
  call.launch(KERNEL(tdroAdamW), {(int)pieces.size()}, 0, call.toGpu(slots),
              call.toGpu(pieces), update);
}

const GpuOp<squareSum> a("TdroSquareSum", {.list = true});
const GpuOp<adamW> b("TdroAdamW", {.ints = 1, .list = true});

}  // namespace
}  // namespace tdro
#endif
