#include "nearest.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "buffer.h"
#include "engine.h"
#include "few_queries.h"
#include "pool.h"

namespace tdro {
namespace {

// So few queries are compared with rows as they lie in memory.
constexpr int64_t FEW_QUERIES = 8;

// Rows that are packed at a time stay in the cache that cores have in common.
constexpr int64_t BLOCK_BYTES = 2 << 20;

// Floats as they are.
struct PlainRows {
  const float* data;
  int64_t D;
  const float* floats(int64_t first, int64_t, float*) const {
    return data + first * D;
  }
};

// Floats as whole numbers of at most 15 bits and a sign.
struct ScaledRows {
  const float* data;
  int64_t D;
  float scale;
  const float* floats(int64_t first, int64_t count, float* out) const {
    const float* x = data + first * D;
    const int64_t size = count * D;
    int64_t i = 0;
    for (; i + WIDTH <= size; i += WIDTH) store(out + i, whole(load(x + i)));
    storeFirst(out + i, size - i, whole(loadFirst(x + i, size - i)));
    return out;
  }

 private:
  Lanes whole(Lanes x) const {
    constexpr float MOST = 32767;
    // Beside so large a number there is room for whole ones only.
    constexpr float LARGE = 3 << 22;
    Lanes v = x * scale;
    v = v < MOST ? v : Lanes{} + MOST;
    v = v > -MOST ? v : Lanes{} - MOST;
    return v + LARGE - LARGE;
  }
};

// Bytes.
struct ByteRows {
  const int8_t* data;
  int64_t D;
  const float* floats(int64_t first, int64_t count, float* out) const {
    const int8_t* x = data + first * D;
#pragma omp simd
    for (int64_t i = 0; i < count * D; i++) out[i] = (float)x[i];
    return out;
  }
};

// The rows of a block of sums that are wanted go on the list.
template <int64_t COLUMNS>
ALWAYS_INLINE void take(const float* sums, int64_t first, int64_t count,
                        Candidates& list) {
#pragma GCC unroll 8
  for (int64_t c = 0; c < COLUMNS; c += WIDTH) {
    uint32_t bits = notBelow(load(sums + c), list.least());
    if (!bits) [[likely]] continue;
    if (count - c < WIDTH) bits &= count > c ? (1u << (count - c)) - 1 : 0;
    for (; bits; bits &= bits - 1) {
      const int64_t i = c + __builtin_ctz(bits);
      list.add((int32_t)(first + i), sums[i]);
    }
  }
}

// A block of rows at a time is packed by all cores, and compared with all
// queries, of which each core has its own.
template <class E, class Rows>
void lookByBlocks(const Search& s, const Rows& rows,
                  std::vector<Candidates>& lists) {
  const int64_t leftBytes = E::leftBytes(s.D), rightBytes = E::rightBytes(s.D);
  const int64_t strips = (s.Q + E::ROWS - 1) / E::ROWS;
  const int64_t most = std::max<int64_t>(1, BLOCK_BYTES / rightBytes);
  // Strips that stay in a core's own cache, and parts enough for all cores.
  const int64_t part = std::clamp<int64_t>(
      (strips + 2 * threadCount() - 1) / (2 * threadCount()), 1,
      std::max<int64_t>(1, E::LEFT / leftBytes));
  thread_local Buffer leftBuffer, rightBuffer;
  char* const left = leftBuffer.bytes(strips * leftBytes);
  char* const right = rightBuffer.bytes(most * rightBytes);
  E::packLeft({s.queries, s.D, true, s.Q, 0, s.D}, 0, strips, left);
  for (int64_t start = 0; start < s.P; start += most * E::COLUMNS) {
    const int64_t all = std::min(most * E::COLUMNS, s.P - start);
    const int64_t panels = (all + E::COLUMNS - 1) / E::COLUMNS;
    parallelRanges(panels, 1, [&](int64_t from, int64_t to) {
      thread_local Buffer floats;
      float* const room = floats.floats(E::COLUMNS * s.D + WIDTH);
      for (int64_t i = from; i < to; i++) {
        const int64_t first = i * E::COLUMNS;
        const int64_t count = std::min(E::COLUMNS, all - first);
        const float* data = rows.floats(start + first, count, room);
        E::packRight({data, s.D, true, count, 0, s.D}, 0, 1,
                     right + i * rightBytes);
      }
    });
    parallelFor((strips + part - 1) / part, [&](int64_t task) {
      [[maybe_unused]] typename E::Scope scope;
      alignas(64) float sums[E::ROWS * E::COLUMNS];
      const int64_t end = std::min((task + 1) * part, strips);
      for (int64_t i = 0; i < panels; i++) {
        const int64_t first = i * E::COLUMNS;
        const int64_t count = std::min(E::COLUMNS, all - first);
        for (int64_t strip = task * part; strip < end; strip++) {
          const int64_t q = strip * E::ROWS;
          const int64_t some = std::min(E::ROWS, s.Q - q);
          E::multiply(left + strip * leftBytes, right + i * rightBytes, s.D,
                      some, sums, [] {});
          for (int64_t j = 0; j < some; j++) {
            take<E::COLUMNS>(sums + j * E::COLUMNS, start + first, count,
                             lists[q + j]);
          }
        }
      }
    });
  }
}

// Each core sees to some of the rows.
template <class Numbers>
void lookStraight(const Search& s, std::vector<Candidates>& lists) {
  const auto* rows = (const typename Numbers::Row*)s.rows;
  const std::vector<typename Numbers::Query> queries(s.queries,
                                                     s.queries + s.Q * s.D);
  const int64_t parts =
      std::clamp<int64_t>(s.P / 1024, 1, 2 * threadCount());
  std::vector<std::vector<Candidates>> found(parts, lists);
  parallelFor(parts, [&](int64_t part) {
    std::vector<Candidates>& own = found[part];
    eachProduct<Numbers>(rows, s.P * part / parts, s.P * (part + 1) / parts,
                         queries.data(), s.Q, s.D,
                         [&](int64_t q, int64_t row, float sum) {
                           if (sum < own[q].least()) return;
                           own[q].add((int32_t)row, sum);
                         });
  });
  for (int64_t q = 0; q < s.Q; q++) {
    for (const std::vector<Candidates>& own : found) {
      const auto& sums = own[q].sums();
      for (size_t i = 0; i < sums.size(); i++) {
        if (sums[i] < lists[q].least()) continue;
        lists[q].add(own[q].rows()[i], sums[i]);
      }
    }
  }
}

}  // namespace

void nearest(const Search& s, std::vector<Candidates>& lists) {
  const auto* floats = (const float*)s.rows;
  const bool few = s.Q <= FEW_QUERIES;
  if (s.look == Look::int8) {
    if (few) lookStraight<ByteNumbers>(s, lists);
    else {
      lookByBlocks<Vectors<Shorts>>(s, ByteRows{(const int8_t*)s.rows, s.D},
                                    lists);
    }
  } else if (s.look == Look::int16) {
    lookByBlocks<Vectors<Shorts>>(s, ScaledRows{floats, s.D, s.scale}, lists);
  } else if (s.look == Look::bfloat16) {
    withEngine(Precision::bfloat16, [&](auto engine) {
      lookByBlocks<decltype(engine)>(s, PlainRows{floats, s.D}, lists);
    });
  } else if (few) lookStraight<FloatNumbers>(s, lists);
  else lookByBlocks<Vectors<Floats>>(s, PlainRows{floats, s.D}, lists);
  parallelRanges(s.Q, 16, [&](int64_t from, int64_t to) {
    for (int64_t q = from; q < to; q++) lists[q].settle();
  });
}

}  // namespace tdro
