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

// What the optimiser does to a stretch; without `g` the gradient is 0.
struct Update {
  float beta1, beta2, epsilon, size, factor, kept;

  void operator()(float* p, float* m, float* v, const float* g,
                  int64_t count) const {
    const float more1 = 1.0f - beta1, more2 = 1.0f - beta2;
    const auto step = [&](int64_t j, float grad) {
      const float first = m[j] * beta1 + grad * more1;
      const float second = v[j] * beta2 + grad * grad * more2;
      m[j] = first;
      v[j] = second;
      p[j] = p[j] * kept - first / (std::sqrt(second) + epsilon) * size;
    };
    if (g) {
#pragma omp simd
      for (int64_t j = 0; j < count; j++) step(j, g[j] * factor);
    } else {
#pragma omp simd
      for (int64_t j = 0; j < count; j++) step(j, 0.0f);
    }
  }
};

// n parameters, n gradients, n first moments, n second ones; all but the
// gradients change where they are. A gradient may be the rows of a table that
// aren't 0; the integers are their numbers, rising, those of all such tables
// one after the other.
// Settings: β₁, β₂, ε·√(1-β₂ᵗ), step size, factor on the gradients; then per
// parameter what its decay leaves of it, and its number of rows or -1.
void adamW(Call& call) {
  const int n = (call.inputs() - 1) / 4;
  const int32_t* ids = call.ints(4 * n);
  call.out(0, {0});
  std::vector<const int32_t*> rowsOf(n, nullptr);
  std::vector<int64_t> countOf(n);
  for (int i = 0; i < n; i++) {
    countOf[i] = (int64_t)call.setting(6 + 2 * i);
    if (countOf[i] < 0) continue;
    rowsOf[i] = ids;
    ids += countOf[i];
  }
  const std::vector<Piece> pieces = piecesOf(call, 0, n);
  parallelFor((int64_t)pieces.size(), [&](int64_t at) {
    const Piece& piece = pieces[at];
    const int i = piece.tensor;
    const Update update{call.setting(0), call.setting(1), call.setting(2),
                        call.setting(3), call.setting(4),
                        call.setting(5 + 2 * i)};
    float *p = call.inPlace(i), *m = call.inPlace(2 * n + i);
    float* v = call.inPlace(3 * n + i);
    const float* g = call.in(n + i);
    const auto stretch = [&](int64_t from, int64_t to, const float* grad) {
      if (from < to) update(p + from, m + from, v + from, grad, to - from);
    };
    if (!rowsOf[i]) return stretch(piece.begin, piece.end, g + piece.begin);
    // Rows with a gradient, and the stretches between them without.
    const int64_t D = call.dim(i, 1);
    const int32_t *first = rowsOf[i], *last = first + countOf[i];
    const int32_t* row = std::lower_bound(first, last, piece.begin / D);
    int64_t from = piece.begin;
    for (; row < last && *row * D < piece.end; row++) {
      const int64_t start = std::max(*row * D, from);
      const int64_t end = std::min((*row + 1) * D, piece.end);
      stretch(from, start, nullptr);
      stretch(start, end, g + (row - first) * D + (start - *row * D));
      from = end;
    }
    stretch(from, piece.end, nullptr);
  });
}

const Op<squareSum> a("TdroSquareSum", {.list = true});
const Op<adamW> b("TdroAdamW", {.ints = 1, .list = true});

}  // namespace
}  // namespace tdro
