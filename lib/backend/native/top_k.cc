// Exhaustive search: which rows may be among the k nearest to a query, and
// their exact scores.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

// The bits of a float as a whole number that orders like it: those of negative
// numbers run the other way, so they are turned round.
inline int16_t ordered(int16_t bits) {
  return (int16_t)(bits ^ ((bits >> 15) & 0x7fff));
}
inline int32_t ordered(int32_t bits) {
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

template <class To, class From>
To bitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

// A score's number, 16 bits of a bfloat16 or 32 of a float32, and back.
template <class Key>
float scoreOf(Key key) {
  return bitsAs<float>((int32_t)((uint32_t)(int32_t)ordered(key)
                                 << (32 - 8 * sizeof(Key))));
}

// No score of `floor` or more has a lower number than this.
template <class Key>
Key keyOf(double floor) {
  if (floor == -INFINITY) return std::numeric_limits<Key>::min();  // or NaN
  float down = (float)floor;
  if (down > floor) down = std::nextafter(down, -INFINITY);
  if (down == 0.0f) down = -0.0f;  // equal to it, but ordered before it
  return (Key)(ordered(bitsAs<int32_t>(down)) >> (32 - 8 * sizeof(Key)));
}

// Scores are off by at most error + relative · |score|; see
// nearest/candidate_list.ts.
struct Bounds {
  double error, relative;
  // The floor if k rows score this or more.
  double floor(double score) const {
    const double reach = score - 2 * error - relative * std::fabs(score);
    return reach / (reach < 0 ? 1 - relative : 1 + relative);
  }
};

// A query's scores with one block of rows.
template <class Key>
struct Scores {
  const Key* data;
  int64_t count;
};

template <class Key>
struct Found {
  std::vector<int32_t> rows;
  std::vector<Key> keys;
};

constexpr int64_t LANES = 64;

// The largest of each lane's `depth` scores, 64 lanes side by side: maxima of
// disjoint groups. What doesn't fill 64 lanes is taken one by one.
template <class Key>
void maximaOf(const Scores<Key>& scores, int64_t depth, std::vector<Key>& out) {
  const int64_t chunk = LANES * depth;
  const int64_t whole = scores.count / chunk * chunk;
  for (int64_t at = 0; at < whole; at += chunk) {
    Key largest[LANES];
    for (int64_t l = 0; l < LANES; l++) {
      largest[l] = ordered(scores.data[at + l]);
    }
    for (int64_t d = 1; d < depth; d++) {
      const Key* row = scores.data + at + d * LANES;
      for (int64_t l = 0; l < LANES; l++) {
        largest[l] = std::max(largest[l], ordered(row[l]));
      }
    }
    out.insert(out.end(), largest, largest + LANES);
  }
  for (int64_t i = whole; i < scores.count; i++) {
    out.push_back(ordered(scores.data[i]));
  }
}

// The rows of a block that score `least` or more, by their groups' maxima;
// returns the next block's.
template <class Key>
const Key* take(const Scores<Key>& scores, int64_t depth, const Key* maxima,
                Key least, int32_t first, Found<Key>& found) {
  const auto look = [&](int64_t i) {
    const Key key = ordered(scores.data[i]);
    if (key < least) return;
    found.rows.push_back(first + (int32_t)i);
    found.keys.push_back(key);
  };
  const int64_t chunk = LANES * depth;
  const int64_t whole = scores.count / chunk * chunk;
  for (int64_t at = 0; at < whole; at += chunk, maxima += LANES) {
    for (int64_t l = 0; l < LANES; l++) {
      if (maxima[l] < least) continue;
      for (int64_t d = 0; d < depth; d++) look(at + d * LANES + l);
    }
  }
  for (int64_t i = whole; i < scores.count; i++, maxima++) {
    if (*maxima >= least) look(i);
  }
  return maxima;
}

template <class Key>
Key kthLargest(std::vector<Key> values, int64_t k) {
  std::nth_element(values.begin(), values.begin() + (k - 1), values.end(),
                   std::greater<Key>());
  return values[k - 1];
}

// Groups are large, but there are enough of them for the k-th largest maximum
// to be near the k-th largest score.
int64_t depthFor(int64_t rows, int64_t k) {
  int64_t depth = 32;
  while (depth > 1 && rows / depth < 8 * k) depth /= 2;
  return depth;
}

// The rows that may be among a query's k nearest.
template <class Key>
void search(const std::vector<Scores<Key>>& blocks, int64_t k, double floor,
            const Bounds& bounds, std::vector<Key>& maxima,
            Found<Key>& found) {
  int64_t rows = 0;
  for (const auto& block : blocks) rows += block.count;
  const int64_t depth = depthFor(rows, k);
  maxima.clear();
  for (const auto& block : blocks) maximaOf(block, depth, maxima);
  const auto raise = [&](const std::vector<Key>& keys) {
    if ((int64_t)keys.size() < k) return;
    // Not at NaN, which scores too large for float32 may give.
    const double risen = bounds.floor(scoreOf(kthLargest(keys, k)));
    if (risen > floor) floor = risen;
  };
  raise(maxima);
  const Key* at = maxima.data();
  int32_t first = 0;
  for (const auto& block : blocks) {
    at = take(block, depth, at, keyOf<Key>(floor), first, found);
    first += (int32_t)block.count;
  }
  raise(found.keys);
  const Key least = keyOf<Key>(floor);
  size_t kept = 0;
  for (size_t i = 0; i < found.rows.size(); i++) {
    if (found.keys[i] < least) continue;
    found.rows[kept] = found.rows[i];
    found.keys[kept++] = found.keys[i];
  }
  found.rows.resize(kept);
  found.keys.resize(kept);
}

template <class Key>
void nearest(Call& call) {
  const int64_t Q = call.size(0);
  const int64_t k = (int64_t)call.setting(0);
  const int64_t last = (int64_t)call.setting(2);
  const int blocks = call.inputs() - 2;
  std::vector<Found<Key>> found(Q);
  parallelRanges(Q, 4, [&](int64_t from, int64_t to) {
    std::vector<Key> maxima;
    std::vector<Scores<Key>> scores(blocks);
    for (int64_t q = from; q < to; q++) {
      for (int b = 0; b < blocks; b++) {
        const int64_t width = call.size(2 + b) * 4 / sizeof(Key) / Q;
        scores[b] = {(const Key*)call.in(2 + b) + q * width,
                     b == blocks - 1 ? last : width};
      }
      const Bounds bounds{call.in(1)[q], call.setting(1)};
      search(scores, k, call.in(0)[q], bounds, maxima, found[q]);
    }
  });
  int64_t total = 0;
  float* counts = call.out(0, {Q});
  for (int64_t q = 0; q < Q; q++) {
    const int32_t count = (int32_t)found[q].rows.size();
    counts[q] = bitsAs<float>(count);
    total += count;
  }
  float* rows = call.out(1, {total});
  float* scores = call.out(2, {total});
  for (const Found<Key>& list : found) {
    // Whole numbers go out as the floats that have their bits.
    if (!list.rows.empty()) std::memcpy(rows, list.rows.data(), list.rows.size() * 4);
    for (Key key : list.keys) *scores++ = scoreOf(key);
    rows += list.rows.size();
  }
}

// Floors [Q], errors [Q] and blocks of scores [Q, ...] with the rows, in
// bfloat16 (two in the place of a float) or float32 -> how many rows each
// query's list has [Q], their numbers, their scores. The numbers are int32.
// Settings: k, relative error of a score, rows of the last block without those
// that fill it up, bytes of a score.
void nearestRows(Call& call) {
  if (call.setting(3) == 2) nearest<int16_t>(call);
  else nearest<int32_t>(call);
}

const Op<nearestRows> nearestOp(
    "TdroNearest", {.outputs = 3, .list = true});

// Products of floats are exact in double precision, so a sum doesn't depend on
// whether multiplying and adding is one instruction; its order is that of
// lib/search/exact/score_rows.ts.
template <int N>
void innerProducts(const float* query, const float* data, const int32_t* rows,
                   int64_t D, float* out) {
  const float* row[N];
  double sum[N] = {};
  for (int i = 0; i < N; i++) row[i] = data + rows[i] * D;
  for (int64_t d = 0; d < D; d++) {
    const double x = query[d];
    for (int i = 0; i < N; i++) sum[i] += x * row[i][d];
  }
  for (int i = 0; i < N; i++) out[i] = (float)sum[i];
}

}  // namespace
}  // namespace tdro

// Queries [Q, D], rows [P, D], and for each query the numbers of some rows, from
// starts[q] to starts[q + 1] of `which` -> their inner products.
extern "C" void tdroScoreRows(const float* queries, const float* data,
                              const int32_t* which, const int32_t* starts,
                              float* out, int32_t Q, int32_t D) {
  tdro::parallelRanges(Q, 4, [&](int64_t from, int64_t to) {
    for (int64_t q = from; q < to; q++) {
      const float* query = queries + q * D;
      int32_t i = starts[q];
      for (; i + 8 <= starts[q + 1]; i += 8) {
        tdro::innerProducts<8>(query, data, which + i, D, out + i);
      }
      for (; i < starts[q + 1]; i++) {
        tdro::innerProducts<1>(query, data, which + i, D, out + i);
      }
    }
  });
}
