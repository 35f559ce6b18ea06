// Cross-entropy of each row of a product Q · Pᵀ against one of its columns,
// without the product in memory: the forward pass keeps each row's largest score
// and its sum, the backward pass computes tiles of scores again.
#include <algorithm>
#include <cmath>

#include "activation.h"
#include "buffer.h"
#include "call.h"
#include "lanes.h"
#include "pool.h"
#include "product.h"

namespace tdro {
namespace {

// Scores that stay in a core's own cache with what they are made of.
constexpr int64_t ROWS = 128, COLUMNS = 256, FEWEST = 32;

// How many of `all` a core takes at once, at most `most`: less where there are
// many cores.
int64_t shareOf(int64_t all, int64_t most) {
  const int64_t each = (all + threadCount() - 1) / threadCount();
  return std::clamp((each + FEWEST - 1) / FEWEST * FEWEST, FEWEST, most);
}

// Columns that rows don't count, see `base/shared_columns.ts`.
struct LeftOut {
  const int32_t *rowStarts, *rowLists, *listStarts, *columns;

  template <class F>
  void each(int64_t row, int64_t from, int64_t to, F visit) const {
    for (int32_t l = rowStarts[row]; l < rowStarts[row + 1]; l++) {
      const int32_t* end = columns + listStarts[rowLists[l] + 1];
      const int32_t* at =
          std::lower_bound(columns + listStarts[rowLists[l]], end, from);
      for (; at < end && *at < to; at++) visit(*at);
    }
  }
};

struct Shape {
  int64_t rows, columns, D;
  const float *q, *p;
  const int32_t* labels;
  LeftOut leftOut;
  bool some;  // whether any column is left out
  float scale;

  Shape(Call& call, int ints)
      : rows(call.dim(0, 0)),
        columns(call.dim(1, 0)),
        D(call.dim(0, 1)),
        q(call.in(0)),
        p(call.in(1)),
        labels(call.ints(ints)),
        leftOut{call.ints(ints + 1), call.ints(ints + 2), call.ints(ints + 3),
                call.ints(ints + 4)},
        some(call.size(ints + 4) > 0),
        scale(call.setting(0)) {}

  Matrix queries(int64_t from) const { return {q + from * D, D, false}; }
  Matrix passages(int64_t from, bool transposed) const {
    return {p + from * D, D, transposed};
  }
};

// Some rows and columns.
struct Part {
  int64_t row, column, rows, columns;
  bool has(int64_t c) const { return c >= column && c < column + columns; }
};

// Scores of a part, `stride` apart from row to row; -inf where one doesn't count.
void scoresOf(const Shape& s, const Part& at, float* scores, int64_t stride) {
  product(s.queries(at.row), s.passages(at.column, true), scores, stride,
          at.rows, at.columns, s.D, Precision::float32, s.scale);
  if (!s.some) return;
  for (int64_t i = 0; i < at.rows; i++) {
    const int64_t label = s.labels[at.row + i];
    float* row = scores + i * stride - at.column;
    s.leftOut.each(at.row + i, at.column, at.column + at.columns,
                   [&](int64_t c) {
                     if (c != label) row[c] = -INFINITY;
                   });
  }
}

template <class F>
inline void alongRow(int64_t count, F f) {
  for (int64_t j = 0; j < count; j += WIDTH) f(j, count - j);
}

// e^(x - top), and 0 where x doesn't count.
inline Lanes grown(Lanes x, float top) {
  const Lanes e = each(x - top, [](float y) { return fastExp(y); });
  return x == -INFINITY ? Lanes{} : e;
}

// What is known of a row's scores so far: the largest, Σ e^(score - largest), and
// the label's.
struct Seen {
  float top = -INFINITY, label = 0;
  double sum = 0;

  void add(const float* row, int64_t count) {
    Lanes tops = Lanes{} - INFINITY, sums{};
    alongRow(count, [&](int64_t j, int64_t left) {
      const Lanes x = orRest(loadFirst(row + j, left), left, -INFINITY);
      tops = x > tops ? x : tops;
    });
    const float largest = std::max(top, largestOf(tops));
    alongRow(count, [&](int64_t j, int64_t left) {
      const Lanes x = orRest(loadFirst(row + j, left), left, -INFINITY);
      sums += grown(x, largest);
    });
    if (largest > top) {
      if (sum > 0) sum *= fastExp(top - largest);
      top = largest;
    }
    sum += sumOf(sums);
  }
};

// Q [B, D], P [C, D], labels [B], columns left out -> losses, largest scores and
// sums [B] each. Setting: factor on the scores.
void forward(Call& call) {
  const Shape s(call, 2);
  float* losses = call.out(0, {s.rows});
  float* tops = call.out(1, {s.rows});
  float* sums = call.out(2, {s.rows});
  const int64_t share = shareOf(s.rows, ROWS);
  parallelFor((s.rows + share - 1) / share, [&](int64_t task) {
    thread_local Buffer buffer;
    float* scores = buffer.floats(ROWS * COLUMNS);
    Seen seen[ROWS];
    const int64_t first = task * share;
    const int64_t rows = std::min(share, s.rows - first);
    for (int64_t c = 0; c < s.columns; c += COLUMNS) {
      const Part at{first, c, rows, std::min(COLUMNS, s.columns - c)};
      scoresOf(s, at, scores, COLUMNS);
      for (int64_t i = 0; i < rows; i++) {
        const int64_t label = s.labels[first + i];
        if (at.has(label)) seen[i].label = scores[i * COLUMNS + label - c];
        seen[i].add(scores + i * COLUMNS, at.columns);
      }
    }
    for (int64_t i = 0; i < rows; i++) {
      tops[first + i] = seen[i].top;
      const float sum = (float)seen[i].sum;
      sums[first + i] = sum;
      losses[first + i] = std::log(sum) - (seen[i].label - seen[i].top);
    }
  });
}

// What the gradient reads beside the shape.
struct Rows {
  const float *tops, *sums, *slopes;
};

// Scores of a part become their gradients.
void gradientOf(const Shape& s, const Rows& r, const Part& at, float* scores,
                int64_t stride) {
  for (int64_t i = 0; i < at.rows; i++) {
    const int64_t row = at.row + i, label = s.labels[row];
    float* x = scores + i * stride;
    const float top = r.tops[row], slope = r.slopes[row] * s.scale;
    const float factor = slope / r.sums[row];
    alongRow(at.columns, [&](int64_t j, int64_t left) {
      storeFirst(x + j, left, grown(loadFirst(x + j, left), top) * factor);
    });
    if (at.has(label)) x[label - at.column] -= slope;
  }
}

// Q, P, largest scores, sums, slopes of the losses, labels, columns left out ->
// dQ, dP. Settings: factor on the scores, rows and columns of a tile.
void backward(Call& call) {
  const Shape s(call, 5);
  const Rows r{call.in(2), call.in(3), call.in(4)};
  const int64_t height = (int64_t)call.setting(1);
  const int64_t width = (int64_t)call.setting(2);
  float* dq = call.outLike(0, 0);
  float* dp = call.outLike(1, 1);
  float* tile = call.temporary(std::min(height, s.rows) *
                               std::min(width, s.columns));
  for (int64_t r0 = 0; r0 < s.rows; r0 += height) {
    const int64_t tall = std::min(height, s.rows - r0);
    const int64_t rowShare = shareOf(tall, ROWS);
    for (int64_t c0 = 0; c0 < s.columns; c0 += width) {
      const int64_t wide = std::min(width, s.columns - c0);
      const int64_t columnShare = shareOf(wide, COLUMNS);
      // Each core has rows of its own, then columns of its own: nobody else adds
      // to their gradients.
      parallelFor((tall + rowShare - 1) / rowShare, [&](int64_t task) {
        const int64_t row = task * rowShare;
        const int64_t rows = std::min(rowShare, tall - row);
        for (int64_t c = 0; c < wide; c += COLUMNS) {
          const Part at{r0 + row, c0 + c, rows, std::min(COLUMNS, wide - c)};
          float* scores = tile + row * wide + c;
          scoresOf(s, at, scores, wide);
          gradientOf(s, r, at, scores, wide);
          product({scores, wide, false}, s.passages(at.column, false),
                  dq + at.row * s.D, s.D, rows, s.D, at.columns,
                  Precision::float32, 1.0f, at.column > 0);
        }
      });
      parallelFor((wide + columnShare - 1) / columnShare, [&](int64_t task) {
        const int64_t c = task * columnShare;
        const int64_t columns = std::min(columnShare, wide - c);
        for (int64_t row = 0; row < tall; row += COLUMNS) {
          const int64_t rows = std::min(COLUMNS, tall - row);
          product({tile + row * wide + c, wide, true}, s.queries(r0 + row),
                  dp + (c0 + c) * s.D, s.D, columns, s.D, rows,
                  Precision::float32, 1.0f, r0 + row > 0);
        }
      });
    }
  }
}

const Op<forward> a("TdroTiledCrossEntropy",
                    {.floats = 2, .ints = 5, .outputs = 3});
const Op<backward> b("TdroTiledCrossEntropyGrad",
                     {.floats = 5, .ints = 5, .outputs = 2});

}  // namespace
}  // namespace tdro
