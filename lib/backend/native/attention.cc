// Attention within the texts of a packed batch. The forward pass keeps the
// logarithm of each row's sum; the backward pass recomputes the shares from it.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "activation.h"
#include "buffer.h"
#include "call.h"
#include "lanes.h"
#include "pool.h"
#include "product.h"

namespace tdro {
namespace {

// Query rows at a time. What comes after a token isn't seen, so small blocks
// spare work where there is a causal mask; elsewhere keys would be packed often.
constexpr int64_t BLOCK = 128, CAUSAL_BLOCK = 64;

// Sizes and settings of a call; settings as in `kernels/attention.ts`.
struct Shape {
  int64_t queries, heads, keyHeads, D, texts, window, longest;
  const int32_t *offsets, *queryOffsets;
  float scale, softcap;
  bool causal;
  Precision precision;
  const float* bias;

  Shape(Call& call, int offsetsAt, int biasAt)
      : queries(call.dim(0, 0)),
        heads((int64_t)call.setting(0)),
        keyHeads((int64_t)call.setting(1)),
        D(call.dim(0, 1) / heads),
        texts(call.size(offsetsAt) - 1),
        window((int64_t)call.setting(5)),
        longest((int64_t)call.setting(7)),
        offsets(call.ints(offsetsAt)),
        queryOffsets(call.ints(offsetsAt + 1)),
        scale(call.setting(2)),
        softcap(call.setting(3)),
        causal(call.setting(4) != 0),
        precision(precisionOf(call.setting(6))),
        bias(call.optional(biasAt)) {}

  int64_t queryWidth() const { return heads * D; }
  int64_t keyWidth() const { return keyHeads * D; }
  int64_t group() const { return heads / keyHeads; }
  int64_t block() const { return causal ? CAUSAL_BLOCK : BLOCK; }
};

// Where the rows of a text lie. Its queries are its last ones, or all.
struct Text {
  int64_t start, length, queryStart, queries;

  Text(const Shape& s, int64_t i)
      : start(s.offsets[i]),
        length(s.offsets[i + 1] - start),
        queryStart(s.queryOffsets[i]),
        queries(s.queryOffsets[i + 1] - queryStart) {}
};

// One head of one text: a block of its queries, whose keys are
// [from, from + keys).
struct Block {
  const Shape& shape;
  const Text& text;
  int64_t head, first, rows, from, keys;

  Block(const Shape& s, const Text& text, int64_t head, int64_t first)
      : shape(s), text(text), head(head), first(first) {
    rows = std::min(s.block(), text.queries - first);
    from = fromOf(0);
    keys = toOf(rows - 1) - from;
  }
  // Keys [from, to) of the text that query i of the block sees.
  int64_t fromOf(int64_t i) const {
    return shape.causal && shape.window > 0
               ? std::max<int64_t>(0, placeOf(i) - shape.window + 1)
               : 0;
  }
  int64_t toOf(int64_t i) const {
    return shape.causal ? placeOf(i) + 1 : text.length;
  }
  int64_t placeOf(int64_t i) const {
    return text.length - text.queries + first + i;
  }
  int64_t queryAt() const {
    return (text.queryStart + first) * shape.queryWidth() + head * shape.D;
  }
  int64_t keyAt() const {
    return (text.start + from) * shape.keyWidth() +
           head / shape.group() * shape.D;
  }
  // Of query i among the logarithms.
  int64_t logAt(int64_t i) const {
    return (text.queryStart + first + i) * shape.heads + head;
  }
  Matrix queries(const float* x, bool transposed = false) const {
    return {x + queryAt(), shape.queryWidth(), transposed};
  }
  Matrix keysOf(const float* x, bool transposed = false) const {
    return {x + keyAt(), shape.keyWidth(), transposed};
  }
  const float* biasRow(int64_t i) const {
    const int64_t L = shape.longest;
    return shape.bias + (head * L + placeOf(i)) * L + from;
  }
};

// Asks for a head's part of rows that are needed soon: a head's numbers are two
// lines of each row, too far from each other for the processor to foresee.
inline void askFor(const float* x, int64_t rows, int64_t width, int64_t D) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t d = 0; d < D; d += 16) __builtin_prefetch(x + i * width + d);
  }
}

// Scores [rows, keys] with cap and bias; those that must not be seen are -inf.
// With `caps`, tanh(score / softcap) goes there, for the gradient.
void scoresOf(const Block& b, const float* q, const float* k, float* scores,
              float* caps) {
  const Shape& s = b.shape;
  product(b.queries(q), b.keysOf(k, true), scores, b.keys, b.rows, b.keys, s.D,
          s.precision, s.scale);
  for (int64_t i = 0; i < b.rows; i++) {
    float* row = scores + i * b.keys;
    if (s.softcap > 0) {
      const float inverse = 1.0f / s.softcap;
      for (int64_t j = 0; j < b.keys; j++) {
        const float cap = fastTanh(row[j] * inverse);
        if (caps) caps[i * b.keys + j] = cap;
        row[j] = cap * s.softcap;
      }
    }
    if (s.bias) {
      const float* bias = b.biasRow(i);
      for (int64_t j = 0; j < b.keys; j++) row[j] += bias[j];
    }
    const int64_t from = b.fromOf(i) - b.from, to = b.toOf(i) - b.from;
    std::fill(row, row + std::min(from, b.keys), -INFINITY);
    std::fill(row + std::min(to, b.keys), row + b.keys, -INFINITY);
  }
}

// Rows are often short (a text of 64 tokens has four registers full): loops that
// the compiler makes vector code spend most of their time before and after it.
template <class F>
inline void alongRow(int64_t count, F f) {
  for (int64_t j = 0; j < count; j += WIDTH) f(j, count - j);
}

// e^(x - top), and 0 where x isn't seen.
inline Lanes grown(Lanes x, float top) {
  const Lanes e = each(x - top, [](float y) { return fastExp(y); });
  return x == -INFINITY ? Lanes{} : e;
}

// Shares = e^(score - max) / sum; returns max + log sum.
float softmaxRow(float* row, int64_t count) {
  Lanes tops = Lanes{} - INFINITY, sums{};
  alongRow(count, [&](int64_t j, int64_t left) {
    const Lanes x = orRest(loadFirst(row + j, left), left, -INFINITY);
    tops = x > tops ? x : tops;
  });
  const float top = largestOf(tops);
  alongRow(count, [&](int64_t j, int64_t left) {
    const Lanes x = orRest(loadFirst(row + j, left), left, -INFINITY);
    const Lanes e = grown(x, top);
    storeFirst(row + j, left, e);
    sums += e;
  });
  const float sum = sumOf(sums), inverse = 1.0f / sum;
  alongRow(count, [&](int64_t j, int64_t left) {
    storeFirst(row + j, left, loadFirst(row + j, left) * inverse);
  });
  return top + std::log(sum);
}

// q, k, v, bias?, offsets, query offsets -> mixed values [Q, H·D], log-sums
// [Q, H]; Q is T unless only the last tokens of a text ask.
void forward(Call& call) {
  const Shape s(call, 4, 3);
  const float *q = call.in(0), *k = call.in(1), *v = call.in(2);
  float* out = call.out(0, {s.queries, s.queryWidth()});
  float* logs = call.out(1, {s.queries, s.heads});
  parallelFor(s.texts * s.heads, [&](int64_t task) {
    thread_local Buffer scoreBuffer;
    const Text text(s, task / s.heads);
    const int64_t head = task % s.heads;
    for (int64_t first = 0; first < text.queries; first += s.block()) {
      const Block b(s, text, head, first);
      float* scores = scoreBuffer.floats(b.rows * b.keys);
      askFor(k + b.keyAt(), b.keys, s.keyWidth(), s.D);
      askFor(v + b.keyAt(), b.keys, s.keyWidth(), s.D);
      scoresOf(b, q, k, scores, nullptr);
      for (int64_t i = 0; i < b.rows; i++) {
        logs[b.logAt(i)] = softmaxRow(scores + i * b.keys, b.keys);
      }
      product({scores, b.keys, false}, b.keysOf(v), out + b.queryAt(),
              s.queryWidth(), b.rows, s.D, b.keys, s.precision, 1.0f);
    }
  });
}

// What the gradient reads and writes.
struct Gradient {
  const float *q, *k, *v, *out, *logs, *dOut;
  float *dq, *dk, *dv, *dBias;
};

// shares becomes the gradient of the scores before cap and scale.
void scoreGradient(const Block& b, const Gradient& g, float* shares,
                   const float* dShares, const float* caps) {
  const Shape& s = b.shape;
  for (int64_t i = 0; i < b.rows; i++) {
    const int64_t at = b.queryAt() + i * s.queryWidth();
    Lanes sums{};
    alongRow(s.D, [&](int64_t d, int64_t left) {
      sums += loadFirst(g.dOut + at + d, left) * loadFirst(g.out + at + d, left);
    });
    const float mean = sumOf(sums);
    float* row = shares + i * b.keys;
    const float* grad = dShares + i * b.keys;
    alongRow(b.keys, [&](int64_t j, int64_t left) {
      const Lanes slope = loadFirst(grad + j, left) - mean;
      storeFirst(row + j, left, loadFirst(row + j, left) * slope);
    });
    if (g.dBias) {
      float* bias = g.dBias + (b.biasRow(i) - s.bias);
      for (int64_t j = 0; j < b.keys; j++) bias[j] += row[j];
    }
    if (s.softcap > 0) {
      const float* cap = caps + i * b.keys;
      for (int64_t j = 0; j < b.keys; j++) row[j] *= 1.0f - cap[j] * cap[j];
    }
  }
}

// `add`: whether the keys' gradients have been begun.
void blockGradient(const Block& b, const Gradient& g, bool add) {
  thread_local Buffer shareBuffer, gradBuffer, capBuffer;
  const Shape& s = b.shape;
  const int64_t size = b.rows * b.keys;
  float* shares = shareBuffer.floats(size);
  float* dShares = gradBuffer.floats(size);
  float* caps = s.softcap > 0 ? capBuffer.floats(size) : nullptr;
  const int64_t qw = s.queryWidth(), kw = s.keyWidth();
  askFor(g.k + b.keyAt(), b.keys, kw, s.D);
  askFor(g.dOut + b.queryAt(), b.rows, qw, s.D);
  askFor(g.v + b.keyAt(), b.keys, kw, s.D);
  askFor(g.out + b.queryAt(), b.rows, qw, s.D);
  scoresOf(b, g.q, g.k, shares, caps);
  for (int64_t i = 0; i < b.rows; i++) {
    const float log = g.logs[b.logAt(i)];
    float* row = shares + i * b.keys;
    alongRow(b.keys, [&](int64_t j, int64_t left) {
      storeFirst(row + j, left, grown(loadFirst(row + j, left), log));
    });
  }
  product({shares, b.keys, true}, b.queries(g.dOut), g.dv + b.keyAt(), kw,
          b.keys, s.D, b.rows, s.precision, 1.0f, add);
  product(b.queries(g.dOut), b.keysOf(g.v, true), dShares, b.keys, b.rows,
          b.keys, s.D, s.precision, 1.0f);
  scoreGradient(b, g, shares, dShares, caps);
  product({shares, b.keys, false}, b.keysOf(g.k), g.dq + b.queryAt(), qw,
          b.rows, s.D, b.keys, s.precision, s.scale);
  product({shares, b.keys, true}, b.queries(g.q), g.dk + b.keyAt(), kw, b.keys,
          s.D, b.rows, s.precision, s.scale, add);
}

// q, k, v, out, log-sums, dOut, bias?, offsets, query offsets -> dq, dk, dv,
// dBias
void backward(Call& call) {
  const Shape s(call, 7, 6);
  Gradient g{call.in(0), call.in(1), call.in(2), call.in(3), call.in(4),
             call.in(5), nullptr,    nullptr,    nullptr,    nullptr};
  const int64_t L = s.bias ? s.longest : 0;
  g.dq = call.outLike(0, 0);
  g.dk = call.outLike(1, 1);
  g.dv = call.outLike(2, 2);
  float* dBias = call.out(3, {s.bias ? s.heads : 0, L, L});
  g.dBias = s.bias ? dBias : nullptr;
  std::fill(dBias, dBias + (s.bias ? s.heads * L * L : 0), 0.0f);
  // Query heads that share a key head add to the same rows: one task. So do all
  // texts to a head's bias.
  const auto run = [&](int64_t number, int64_t keyHead) {
    const Text text(s, number);
    // A block without a mask sees all keys, and begins their gradients.
    const bool begun = s.causal || text.queries == 0;
    if (begun) {
      for (int64_t i = text.start; i < text.start + text.length; i++) {
        const int64_t at = i * s.keyWidth() + keyHead * s.D;
        std::fill(g.dk + at, g.dk + at + s.D, 0.0f);
        std::fill(g.dv + at, g.dv + at + s.D, 0.0f);
      }
    }
    bool add = begun;
    for (int64_t h = keyHead * s.group(); h < (keyHead + 1) * s.group(); h++) {
      for (int64_t first = 0; first < text.queries; first += s.block()) {
        blockGradient(Block(s, text, h, first), g, add);
        add = true;
      }
    }
  };
  if (s.bias) {
    parallelFor(s.keyHeads, [&](int64_t keyHead) {
      for (int64_t text = 0; text < s.texts; text++) run(text, keyHead);
    });
  } else {
    parallelFor(s.texts * s.keyHeads, [&](int64_t task) {
      run(task / s.keyHeads, task % s.keyHeads);
    });
  }
}

const Op<forward> a("TdroAttention", {.floats = 4, .ints = 2, .outputs = 2});
const Op<backward> b("TdroAttentionGrad",
                     {.floats = 7, .ints = 2, .outputs = 4});

}  // namespace
}  // namespace tdro
