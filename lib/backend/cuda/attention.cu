// Attention within the texts of a packed batch, tile by tile: the scores never
// leave the block. The forward pass keeps the logarithm of each row's sum; the
// backward pass computes the shares again from it.
//
// A tile is B rows of D numbers, and B x B scores. The threads lie as 16 x 16:
// each has B/16 rows of a result, and of its columns every 16th (scores) or a
// few in a row (numbers of a head).
#include "device.h"

// Sizes and settings of a call.
struct AttentionShape {
  int heads, keyHeads, width, window, longest;
  float scale, softcap;
  bool causal;
  const int32_t *offsets, *queryOffsets;
  const float *q, *k, *v, *bias;
  // For the gradient.
  const float *out, *logs, *dOut;
};

// Where the rows of a text lie. Its queries are its last ones, or all.
struct Text {
  int start, length, queryStart, queries;

  __device__ Text(const AttentionShape& s, int i)
      : start(s.offsets[i]),
        length(s.offsets[i + 1] - start),
        queryStart(s.queryOffsets[i]),
        queries(s.queryOffsets[i + 1] - queryStart) {}
  __device__ int placeOf(int query) const { return length - queries + query; }
};

template <int D, int B>
struct BlockTiles {
  static constexpr int R = B / 16;          // rows a thread has
  static constexpr int C = D / 16;          // numbers of a head it has
  static constexpr int V = C < 4 ? C : 4;   // of which lie in a row
  static constexpr int STRIDE = D + 4;      // so that no two rows share a bank
  static constexpr int SCORES = B + 4;

  int row0, column0;  // this thread's place among 16 x 16

  __device__ BlockTiles()
      : row0(threadIdx.x / 16 * R), column0(threadIdx.x % 16) {}
  __device__ int numberOf(int c) const {
    return c / V * (16 * V) + column0 * V + c % V;
  }

  // Rows of a head, others and numbers past `width` as zeros.
  __device__ static void load(float* tile, const float* x, int64_t stride,
                              int rows, int width, float factor) {
    if (width % 4 == 0) {
      for (int i = threadIdx.x; i < B * D / 4; i += THREADS) {
        const int r = i / (D / 4), d = i % (D / 4) * 4;
        float4 v = {0, 0, 0, 0};
        if (r < rows && d < width) v = *(const float4*)(x + r * stride + d);
        *(float4*)(tile + r * STRIDE + d) = {v.x * factor, v.y * factor,
                                             v.z * factor, v.w * factor};
      }
    } else {
      for (int i = threadIdx.x; i < B * D; i += THREADS) {
        const int r = i / D, d = i % D;
        tile[r * STRIDE + d] =
            r < rows && d < width ? x[r * stride + d] * factor : 0.0f;
      }
    }
  }

  // s[i][j] = row i of this thread in a · its row j in b.
  __device__ void scores(const float* a, const float* b, float (&s)[R][R]) const {
    for (int i = 0; i < R; i++) {
      for (int j = 0; j < R; j++) s[i][j] = 0;
    }
#pragma unroll 4
    for (int d = 0; d < D; d += 4) {
      float4 x[R], y[R];
#pragma unroll
      for (int i = 0; i < R; i++) {
        x[i] = *(const float4*)(a + (row0 + i) * STRIDE + d);
        y[i] = *(const float4*)(b + (column0 + 16 * i) * STRIDE + d);
      }
#pragma unroll
      for (int i = 0; i < R; i++) {
#pragma unroll
        for (int j = 0; j < R; j++) {
          s[i][j] += x[i].x * y[j].x + x[i].y * y[j].y + x[i].z * y[j].z +
                     x[i].w * y[j].w;
        }
      }
    }
  }

  // out[i][c] += Σ_j p[row i][j] · x[j][number c]; or p[j][column i], with
  // columns for rows.
  template <bool COLUMNS>
  __device__ void add(const float* p, const float* x,
                      float (&out)[R][C]) const {
#pragma unroll 4
    for (int j = 0; j < B; j++) {
      float y[C];
#pragma unroll
      for (int c = 0; c < C; c++) y[c] = x[j * STRIDE + numberOf(c)];
#pragma unroll
      for (int i = 0; i < R; i++) {
        const float share =
            COLUMNS ? p[j * SCORES + row0 + i] : p[(row0 + i) * SCORES + j];
#pragma unroll
        for (int c = 0; c < C; c++) out[i][c] += share * y[c];
      }
    }
  }
  __device__ void addRows(const float* p, const float* x,
                          float (&out)[R][C]) const {
    add<false>(p, x, out);
  }
  __device__ void addColumns(const float* p, const float* x,
                             float (&out)[R][C]) const {
    add<true>(p, x, out);
  }

  __device__ void clear(float (&out)[R][C]) const {
    for (int i = 0; i < R; i++) {
      for (int c = 0; c < C; c++) out[i][c] = 0;
    }
  }

  __device__ void store(const float (&from)[R][C], float* x, int64_t stride,
                        int rows, int width, float factor) const {
    for (int i = 0; i < R; i++) {
      if (row0 + i >= rows) return;
      for (int c = 0; c < C; c++) {
        const int d = numberOf(c);
        if (d < width) x[(row0 + i) * stride + d] = from[i][c] * factor;
      }
    }
  }
};

// Rare: not to be repeated in every place.
__device__ __noinline__ float capOf(float score, float softcap) {
  return tanhf(score / softcap);
}

// What a score becomes after cap and bias; -∞ if the key must not be seen. `cap`
// is tanh(score / softcap), for the gradient.
__device__ inline float finished(const AttentionShape& s, const Text& text,
                                 int head, int query, int key, float score,
                                 float* cap) {
  const int place = text.placeOf(query);
  if (query >= text.queries || key >= text.length) return -INFINITY;
  if (s.causal && key > place) return -INFINITY;
  if (s.causal && s.window > 0 && place - key >= s.window) return -INFINITY;
  if (s.softcap > 0) {
    *cap = capOf(score, s.softcap);
    score = *cap * s.softcap;
  }
  if (s.bias) score += s.bias[((int64_t)head * s.longest + place) * s.longest + key];
  return score;
}

// Tiles of keys [first, last) that some query of [query, query + B) sees.
struct Range {
  int first, last;
};
template <int B>
__device__ inline Range keysOf(const AttentionShape& s, const Text& text,
                               int query) {
  const int most = (text.length + B - 1) / B;
  if (!s.causal) return {0, most};
  const int from = s.window > 0 ? text.placeOf(query) - s.window + 1 : 0;
  const int to = text.placeOf(query + B - 1);
  return {from > 0 ? from / B : 0, to / B + 1 < most ? to / B + 1 : most};
}
template <int B>
__device__ inline Range queriesOf(const AttentionShape& s, const Text& text,
                                  int key) {
  const int most = (text.queries + B - 1) / B;
  if (!s.causal) return {0, most};
  const int skipped = text.length - text.queries;
  const int from = key - skipped;
  const int to = s.window > 0 ? key + B - 1 + s.window - 1 - skipped : most * B;
  if (to < 0) return {0, 0};
  return {from > 0 ? from / B : 0, to / B + 1 < most ? to / B + 1 : most};
}

template <int D, int B>
__device__ void attend(const AttentionShape& s, float* out, float* logs) {
  using T = BlockTiles<D, B>;
  const Text text(s, blockIdx.z);
  const int head = blockIdx.y, first = blockIdx.x * B;
  if (first >= text.queries) return;
  const int keyHead = head / (s.heads / s.keyHeads);
  const int64_t qw = (int64_t)s.heads * s.width;
  const int64_t kw = (int64_t)s.keyHeads * s.width;
  SHARED(shared);
  float* queries = shared;
  float* others = queries + B * T::STRIDE;  // keys, then values
  float* shares = others + B * T::STRIDE;
  float* tops = shares + B * T::SCORES;
  float* sums = tops + B;
  float* factors = sums + B;
  const T t;
  const int rows = text.queries - first;
  const int64_t queryAt = (text.queryStart + first) * qw + head * s.width;
  T::load(queries, s.q + queryAt, qw, rows, s.width, s.scale);
  for (int i = threadIdx.x; i < B; i += THREADS) {
    tops[i] = -INFINITY;
    sums[i] = 0;
  }
  float mixed[T::R][T::C];
  t.clear(mixed);
  const Range range = keysOf<B>(s, text, first);
  for (int tile = range.first; tile < range.last; tile++) {
    const int from = tile * B;
    const int64_t keyAt = (text.start + from) * kw + keyHead * s.width;
    __syncthreads();  // the values of the last tile are used up
    T::load(others, s.k + keyAt, kw, text.length - from, s.width, 1);
    __syncthreads();
    float score[T::R][T::R], cap;
    t.scores(queries, others, score);
#pragma unroll
    for (int i = 0; i < T::R; i++) {
#pragma unroll
      for (int j = 0; j < T::R; j++) {
        const int column = t.column0 + 16 * j;
        shares[(t.row0 + i) * T::SCORES + column] =
            finished(s, text, head, first + t.row0 + i, from + column,
                     score[i][j], &cap);
      }
    }
    __syncthreads();  // the keys are used up
    T::load(others, s.v + keyAt, kw, text.length - from, s.width, 1);
    for (int row = threadIdx.x / 32; row < B; row += THREADS / 32) {
      float* line = shares + row * T::SCORES;
      const int lane = threadIdx.x % 32;
      float top = -INFINITY, sum = 0;
      for (int j = lane; j < B; j += 32) top = fmaxf(top, line[j]);
      const float before = tops[row];
      top = fmaxf(before, warpMost(top));
      // Rows past the text, and those that see nothing of this tile.
      const bool none = top == -INFINITY;
      for (int j = lane; j < B; j += 32) {
        const float e = none ? 0.0f : expf(line[j] - top);
        line[j] = e;
        sum += e;
      }
      sum = warpSum(sum);
      if (lane == 0) {
        const float factor = none ? 1.0f : expf(before - top);
        factors[row] = factor;
        sums[row] = sums[row] * factor + sum;
        tops[row] = top;
      }
    }
    __syncthreads();
#pragma unroll
    for (int i = 0; i < T::R; i++) {
#pragma unroll
      for (int c = 0; c < T::C; c++) mixed[i][c] *= factors[t.row0 + i];
    }
    t.addRows(shares, others, mixed);
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < T::R; i++) {
    const float sum = sums[t.row0 + i], inverse = sum > 0 ? 1.0f / sum : 0.0f;
#pragma unroll
    for (int c = 0; c < T::C; c++) mixed[i][c] *= inverse;
  }
  t.store(mixed, out + queryAt, qw, rows, s.width, 1);
  for (int i = threadIdx.x; i < B && i < rows; i += THREADS) {
    logs[(int64_t)(text.queryStart + first + i) * s.heads + head] =
        tops[i] + logf(sums[i]);
  }
}

// The block's memory for a gradient.
template <int D, int B>
struct GradientTiles : BlockTiles<D, B> {
  using T = BlockTiles<D, B>;
  float *queries, *keys, *values, *dOut, *shares, *logs, *deltas;

  __device__ explicit GradientTiles(float* shared)
      : queries(shared),
        keys(queries + B * T::STRIDE),
        values(keys + B * T::STRIDE),
        dOut(values + B * T::STRIDE),
        shares(dOut + B * T::STRIDE),
        logs(shares + B * T::SCORES),
        deltas(logs + B) {}

  __device__ void loadKeys(const AttentionShape& s, const Text& text,
                           int keyHead, int from) {
    const int64_t kw = (int64_t)s.keyHeads * s.width;
    const int64_t at = (text.start + from) * kw + keyHead * s.width;
    T::load(keys, s.k + at, kw, text.length - from, s.width, 1);
    T::load(values, s.v + at, kw, text.length - from, s.width, 1);
  }

  // Also each query's logarithm and dOut · out.
  __device__ void loadQueries(const AttentionShape& s, const Text& text,
                              int head, int first) {
    const int64_t qw = (int64_t)s.heads * s.width;
    const int64_t row = text.queryStart + first;
    const int64_t at = row * qw + head * s.width;
    const int rows = text.queries - first;
    T::load(queries, s.q + at, qw, rows, s.width, s.scale);
    T::load(dOut, s.dOut + at, qw, rows, s.width, 1);
    for (int i = threadIdx.x / 32; i < B; i += THREADS / 32) {
      const int lane = threadIdx.x % 32;
      float sum = 0;
      if (i < rows) {
        for (int d = lane; d < s.width; d += 32) {
          sum += s.dOut[at + i * qw + d] * s.out[at + i * qw + d];
        }
      }
      sum = warpSum(sum);
      if (lane > 0) continue;
      deltas[i] = sum;
      logs[i] = i < rows ? s.logs[(row + i) * s.heads + head] : 0.0f;
    }
  }

  // Shares into `share`, the gradient of the scores into `slope`: before the cap
  // with `inner`, else after it.
  __device__ void slopes(const AttentionShape& s, const Text& text, int head,
                         int first, int from, bool inner,
                         float (&share)[T::R][T::R],
                         float (&slope)[T::R][T::R]) const {
    this->scores(queries, keys, share);
    this->scores(dOut, values, slope);
#pragma unroll
    for (int i = 0; i < T::R; i++) {
      const int row = this->row0 + i;
#pragma unroll
      for (int j = 0; j < T::R; j++) {
        float cap = 0;
        const float score =
            finished(s, text, head, first + row, from + this->column0 + 16 * j,
                     share[i][j], &cap);
        const float p = score == -INFINITY ? 0.0f : expf(score - logs[row]);
        share[i][j] = p;
        slope[i][j] = p * (slope[i][j] - deltas[row]) *
                      (inner ? 1.0f - cap * cap : 1.0f);
      }
    }
  }

  __device__ void keep(const float (&x)[T::R][T::R]) {
#pragma unroll
    for (int i = 0; i < T::R; i++) {
#pragma unroll
      for (int j = 0; j < T::R; j++) {
        shares[(this->row0 + i) * T::SCORES + this->column0 + 16 * j] = x[i][j];
      }
    }
  }
};

// Gradients of a tile of keys and values; where a text is one tile, of its
// queries too.
template <int D, int B>
__device__ void keyGradient(const AttentionShape& s, float* dq, float* dk,
                            float* dv) {
  using T = BlockTiles<D, B>;
  const Text text(s, blockIdx.z);
  const int keyHead = blockIdx.y, from = blockIdx.x * B;
  if (from >= text.length) return;
  const int group = s.heads / s.keyHeads;
  const int64_t qw = (int64_t)s.heads * s.width;
  const int64_t kw = (int64_t)s.keyHeads * s.width;
  SHARED(shared);
  GradientTiles<D, B> t(shared);
  t.loadKeys(s, text, keyHead, from);
  float ofKeys[T::R][T::C], ofValues[T::R][T::C];
  t.clear(ofKeys);
  t.clear(ofValues);
  const Range range = queriesOf<B>(s, text, from);
  for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
    for (int tile = range.first; tile < range.last; tile++) {
      const int first = tile * B;
      __syncthreads();  // the last tile is used up
      t.loadQueries(s, text, head, first);
      __syncthreads();
      float share[T::R][T::R], slope[T::R][T::R];
      t.slopes(s, text, head, first, from, true, share, slope);
      t.keep(share);
      __syncthreads();
      t.addColumns(t.shares, t.dOut, ofValues);
      __syncthreads();
      t.keep(slope);
      __syncthreads();
      t.addColumns(t.shares, t.queries, ofKeys);
      if (text.length > B) continue;
      float ofQueries[T::R][T::C];
      t.clear(ofQueries);
      t.addRows(t.shares, t.keys, ofQueries);
      t.store(ofQueries, dq + (text.queryStart + first) * qw + head * s.width,
              qw, text.queries - first, s.width, s.scale);
    }
  }
  const int64_t at = (text.start + from) * kw + keyHead * s.width;
  // The queries were scaled: so are the keys' gradients.
  t.store(ofKeys, dk + at, kw, text.length - from, s.width, 1);
  t.store(ofValues, dv + at, kw, text.length - from, s.width, 1);
}

// Gradients of a tile of queries of a text that is more than one.
template <int D, int B>
__device__ void queryGradient(const AttentionShape& s, float* dq) {
  using T = BlockTiles<D, B>;
  const Text text(s, blockIdx.z);
  const int head = blockIdx.y, first = blockIdx.x * B;
  if (first >= text.queries || text.length <= B) return;
  const int64_t qw = (int64_t)s.heads * s.width;
  SHARED(shared);
  GradientTiles<D, B> t(shared);
  t.loadQueries(s, text, head, first);
  float ofQueries[T::R][T::C];
  t.clear(ofQueries);
  const Range range = keysOf<B>(s, text, first);
  for (int tile = range.first; tile < range.last; tile++) {
    __syncthreads();
    t.loadKeys(s, text, head / (s.heads / s.keyHeads), tile * B);
    __syncthreads();
    float share[T::R][T::R], slope[T::R][T::R];
    t.slopes(s, text, head, first, tile * B, true, share, slope);
    t.keep(slope);
    __syncthreads();
    t.addRows(t.shares, t.keys, ofQueries);
  }
  t.store(ofQueries, dq + (text.queryStart + first) * qw + head * s.width, qw,
          text.queries - first, s.width, s.scale);
}

// Gradient of a tile of a head's bias [L, L], added up over the texts.
template <int D, int B>
__device__ void biasGradient(const AttentionShape& s, int texts,
                             float* dBias) {
  using T = BlockTiles<D, B>;
  const int head = blockIdx.z, first = blockIdx.y * B, from = blockIdx.x * B;
  SHARED(shared);
  GradientTiles<D, B> t(shared);
  float sums[T::R][T::R] = {};
  for (int i = 0; i < texts; i++) {
    const Text text(s, i);
    if (first >= text.queries || from >= text.length) continue;
    __syncthreads();
    t.loadKeys(s, text, head / (s.heads / s.keyHeads), from);
    t.loadQueries(s, text, head, first);
    __syncthreads();
    float share[T::R][T::R], slope[T::R][T::R];
    t.slopes(s, text, head, first, from, false, share, slope);
    for (int i = 0; i < T::R; i++) {
      for (int j = 0; j < T::R; j++) sums[i][j] += slope[i][j];
    }
  }
  for (int i = 0; i < T::R; i++) {
    for (int j = 0; j < T::R; j++) {
      const int row = first + t.row0 + i, column = from + t.column0 + 16 * j;
      if (row >= s.longest || column >= s.longest) continue;
      dBias[((int64_t)head * s.longest + row) * s.longest + column] =
          sums[i][j];
    }
  }
}

// A head's width rounded up, and a tile's rows: the most that a GPU's block has
// memory for, 99 KiB on most, 64 on older ones.
#define ALL_TILES(use) use(32, 32) use(32, 64) use(64, 32) use(64, 64) \
  use(128, 16) use(128, 32) use(256, 16)

extern "C" {
#define ATTENTION(D, B)                                                       \
  __global__ void __launch_bounds__(THREADS, 2)                                 \
      tdroAttention##D##x##B(AttentionShape s, float* out, float* logs) {     \
    attend<D, B>(s, out, logs);                                               \
  }                                                                           \
  __global__ void __launch_bounds__(THREADS, 2)                                 \
      tdroKeyGrad##D##x##B(AttentionShape s, float* dq, float* dk, float* dv) { \
    keyGradient<D, B>(s, dq, dk, dv);                                         \
  }                                                                           \
  __global__ void __launch_bounds__(THREADS, 2)                                 \
      tdroQueryGrad##D##x##B(AttentionShape s, float* dq) {                   \
    queryGradient<D, B>(s, dq);                                               \
  }                                                                           \
  __global__ void __launch_bounds__(THREADS, 2)                                 \
      tdroBiasGrad##D##x##B(AttentionShape s, int texts, float* dBias) {      \
    biasGradient<D, B>(s, texts, dBias);                                      \
  }
ALL_TILES(ATTENTION)
}  // extern "C"

#ifndef __CUDACC_RTC__
#include <algorithm>

#include "gpu_call.h"

namespace tdro {
namespace {

// A call's shape on the GPU, and what the host needs of it. Settings as in
// `kernels/attention.ts`.
struct Attention {
  AttentionShape s;
  int texts, queries = 0;  // the most that a text has

  Attention(GpuCall& call, int offsetsAt, int biasAt) {
    const int heads = (int)call.setting(0);
    texts = (int)call.size(offsetsAt) - 1;
    const int32_t* asking = call.ints(offsetsAt + 1);
    for (int i = 0; i < texts; i++) {
      queries = std::max(queries, asking[i + 1] - asking[i]);
    }
    s = {.heads = heads,
         .keyHeads = (int)call.setting(1),
         .width = (int)call.dim(0, 1) / heads,
         .window = (int)call.setting(5),
         .longest = (int)call.setting(7),
         .scale = call.setting(2),
         .softcap = call.setting(3),
         .causal = call.setting(4) != 0,
         .offsets = call.toGpu(call.ints(offsetsAt), texts + 1),
         .queryOffsets = call.toGpu(asking, texts + 1),
         .q = call.in(0),
         .k = call.in(1),
         .v = call.in(2),
         .bias = call.optional(biasAt)};
  }
  int padded() const {
    return s.width <= 32 ? 32 : s.width <= 64 ? 64 : s.width <= 128 ? 128 : 256;
  }
  // Of a tile; one size for both passes.
  int rows() const {
    if (s.width > 256) throw GpuError("heads are wider than 256");
    const int most = padded() == 256 ? 16 : padded() == 128 ? 32 : 64;
    const int wanted = s.longest <= 32 && most > 32 ? 32 : most;
    if (backwardBytes(wanted) <= blockLimit() || wanted == 16) return wanted;
    return wanted / 2;
  }
  int forwardBytes(int B) const {
    return sizeof(float) * (2 * B * (padded() + 4) + B * (B + 4) + 3 * B);
  }
  int backwardBytes(int B) const {
    return sizeof(float) * (4 * B * (padded() + 4) + B * (B + 4) + 2 * B);
  }
};

// Calls use(kernel) with the kernel for the tiles of `a`.
#define WITH_TILES(a, kernel, use)                                       \
  [&] {                                                                  \
    const int D = (a).padded(), B = (a).rows();                          \
    if (D == 32 && B == 32) return use(KERNEL(kernel##32x32));           \
    if (D == 32) return use(KERNEL(kernel##32x64));                      \
    if (D == 64 && B == 32) return use(KERNEL(kernel##64x32));           \
    if (D == 64) return use(KERNEL(kernel##64x64));                      \
    if (D == 128 && B == 16) return use(KERNEL(kernel##128x16));         \
    if (D == 128) return use(KERNEL(kernel##128x32));                    \
    return use(KERNEL(kernel##256x16));                                  \
  }()

// Texts at a time: more than a grid is deep.
constexpr int DEEPEST = 65535;

// Calls use(shape, texts) with at most that many texts.
template <class Use>
void byTexts(const Attention& a, Use use) {
  for (int at = 0; at < a.texts; at += DEEPEST) {
    AttentionShape s = a.s;
    s.offsets += at;
    s.queryOffsets += at;
    use(s, std::min(a.texts - at, DEEPEST));
  }
}

// q, k, v, bias?, offsets, query offsets -> mixed values [Q, H·D], log-sums
// [Q, H]; Q is T unless only the last tokens of a text ask.
void forward(GpuCall& call) {
  const Attention a(call, 4, 3);
  float* out = call.outLike(0, 0);
  float* logs = call.out(1, {call.dim(0, 0), a.s.heads});
  byTexts(a, [&](const AttentionShape& s, int texts) {
    const auto launch = [&](auto kernel) {
      call.launch(kernel, {ceilDiv(a.queries, a.rows()), s.heads, texts},
                  a.forwardBytes(a.rows()), s, out, logs);
    };
    WITH_TILES(a, tdroAttention, launch);
  });
}

// q, k, v, out, log-sums, dOut, bias?, offsets, query offsets -> dq, dk, dv,
// dBias
void backward(GpuCall& call) {
  Attention a(call, 7, 6);
  a.s.out = call.in(3);
  a.s.logs = call.in(4);
  a.s.dOut = call.in(5);
  const int64_t L = a.s.bias ? a.s.longest : 0;
  float *dq = call.outLike(0, 0), *dk = call.outLike(1, 1);
  float* dv = call.outLike(2, 2);
  float* dBias = call.out(3, {L ? a.s.heads : 0, L, L});
  const int B = a.rows(), tiles = ceilDiv(a.s.longest, B);
  byTexts(a, [&](const AttentionShape& s, int texts) {
    const auto ofKeys = [&](auto kernel) {
      call.launch(kernel, {tiles, s.keyHeads, texts}, a.backwardBytes(B), s, dq,
                  dk, dv);
    };
    WITH_TILES(a, tdroKeyGrad, ofKeys);
    if (tiles == 1) return;
    const auto ofQueries = [&](auto kernel) {
      call.launch(kernel, {ceilDiv(a.queries, B), s.heads, texts},
                  a.backwardBytes(B), s, dq);
    };
    WITH_TILES(a, tdroQueryGrad, ofQueries);
  });
  if (!L) return;
  const auto ofBias = [&](auto kernel) {
    call.launch(kernel, {tiles, tiles, a.s.heads}, a.backwardBytes(B), a.s,
                a.texts, dBias);
  };
  WITH_TILES(a, tdroBiasGrad, ofBias);
}

const GpuOp<forward> a("TdroAttention", {.floats = 4, .ints = 2, .outputs = 2});
const GpuOp<backward> b("TdroAttentionGrad",
                        {.floats = 7, .ints = 2, .outputs = 4});

}  // namespace
}  // namespace tdro
#endif
