// The optimiser: all parameters in one op, in place.
#include <algorithm>
#include <cmath>
#include <vector>

#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

constexpr int64_t PIECE = 1 << 14;

// A stretch of one tensor.
struct Piece {
  int tensor;
  int64_t begin, end;
};

std::vector<Piece> piecesOf(const Call& call, int first, int count) {
  std::vector<Piece> pieces;
  for (int i = 0; i < count; i++) {
    const int64_t size = call.size(first + i);
    for (int64_t at = 0; at < size; at += PIECE) {
      pieces.push_back({i, at, std::min(at + PIECE, size)});
    }
  }
  return pieces;
}

// Any number of tensors -> the sum of all squares [1], added in double
// precision and in one order.
void squareSum(Call& call) {
  const std::vector<Piece> pieces = piecesOf(call, 0, call.inputs());
  std::vector<double> sums(pieces.size());
  parallelFor((int64_t)pieces.size(), [&](int64_t p) {
    const float* x = call.in(pieces[p].tensor);
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = pieces[p].begin; i < pieces[p].end; i++) {
      sum += (double)x[i] * x[i];
    }
    sums[p] = sum;
  });
  double sum = 0;
  for (double s : sums) sum += s;
  call.out(0, {1})[0] = (float)sum;
}

// n parameters, n gradients, n first moments, n second ones; all but the
// gradients change where they are. Settings: β₁, β₂, ε·√(1-β₂ᵗ), step size,
// factor on the gradients, then per parameter what its decay leaves of it.
void adamW(Call& call) {
  const int n = call.inputs() / 4;
  const float beta1 = call.setting(0), beta2 = call.setting(1);
  const float epsilon = call.setting(2), size = call.setting(3);
  const float factor = call.setting(4);
  call.out(0, {0});
  const std::vector<Piece> pieces = piecesOf(call, 0, n);
  parallelFor((int64_t)pieces.size(), [&](int64_t at) {
    const Piece& piece = pieces[at];
    const int i = piece.tensor;
    float* p = call.inPlace(i);
    const float* g = call.in(n + i);
    float *m = call.inPlace(2 * n + i), *v = call.inPlace(3 * n + i);
    const float kept = call.setting(5 + i);
#pragma omp simd
    for (int64_t j = piece.begin; j < piece.end; j++) {
      const float grad = g[j] * factor;
      m[j] = m[j] * beta1 + grad * (1.0f - beta1);
      v[j] = v[j] * beta2 + grad * grad * (1.0f - beta2);
      p[j] = p[j] * kept - m[j] / (std::sqrt(v[j]) + epsilon) * size;
    }
  });
}

const Op<squareSum> a("TdroSquareSum", {.list = true});
const Op<adamW> b("TdroAdamW", {.list = true});

}  // namespace
}  // namespace tdro
