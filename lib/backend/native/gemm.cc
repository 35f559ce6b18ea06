#include "gemm.h"

#include <algorithm>

#include "activation.h"
#include "buffer.h"
#include "engine.h"
#include "pool.h"

namespace tdro {
namespace {

// Of a block of sums, those that lie inside C.
struct Block {
  int64_t row, column, rows, columns;
};

// Asks for the lines of C while the block is multiplied: waiting for them when
// they are written would take as long as the product itself.
inline void expect(const float* c, int64_t N, const Block& at) {
  for (int64_t i = 0; i < at.rows; i++) {
    const float* y = c + (at.row + i) * N + at.column;
    __builtin_prefetch(y, 1);
    __builtin_prefetch(y + at.columns - 1, 1);
  }
}

// What a form looks at beside the sums of a block, and as them. It is read before
// the block is multiplied, all at once: number by number, between the
// activations, each would be waited for.
template <class E>
struct Beside {
  alignas(64) float gate[E::ROWS * E::COLUMNS], up[E::ROWS * E::COLUMNS];
};

template <class E>
void take(const float* x, int64_t N, const Block& at, float* to) {
  if (!x) return;
  for (int64_t i = 0; i < at.rows; i++) {
    const float* row = x + (at.row + i) * N + at.column;
    for (int64_t j = 0; j < E::COLUMNS; j += WIDTH) {
      store(to + i * E::COLUMNS + j, loadFirst(row + j, at.columns - j));
    }
  }
}

// Numbers of C, and of the second result if there is one.
struct Results {
  Lanes c, second;
};

// `gate` and `up`: where those of these numbers are.
template <class F>
inline Results finished(Lanes v, Form form, const float* gate, const float* up,
                        F f) {
  const auto value = [&](Lanes x) {
    return each(x, [&](float y) { return f.value(y); });
  };
  const auto slope = [&](Lanes x) {
    return each(x, [&](float y) { return f.slope(y); });
  };
  switch (form) {
    case Form::activated:
      return {value(v), v};
    case Form::slope:
      return {v * slope(load(gate)), v};
    case Form::gated:
      return {v * value(load(gate)), v};
    case Form::ungated:
      return {v * value(load(gate)), v * load(up) * slope(load(gate))};
    default:
      return {v, v};
  }
}

// `first`: C gets the sums, else they are added to it. `last`: then finished.
template <class E, class F>
void put(const float* sums, float* c, int64_t N, const Block& at,
         const Finish& finish, const Beside<E>& beside, bool first, bool last,
         F f) {
  // Whole lines that nobody adds to later go past the caches: else each would
  // be read from memory before it is written.
  const auto whole = [&](const float* x) {
    return at.columns % 16 == 0 && N % 16 == 0 && ((uintptr_t)x & 63) == 0;
  };
  const bool straight = first && last && whole(c);
  const bool straightSecond = finish.second && whole(finish.second);
  for (int64_t i = 0; i < at.rows; i++) {
    for (int64_t j = 0; j < at.columns; j += WIDTH) {
      const int64_t column = at.column + j, offset = (at.row + i) * N + column;
      const int64_t inside = at.columns - j, place = i * E::COLUMNS + j;
      const auto write = [&](float* to, Lanes v, bool straight) {
        if (straight) stream(to + offset, v);
        else storeFirst(to + offset, inside, v);
      };
      Lanes v = load(sums + place);
      if (!first) v += loadFirst(c + offset, inside);
      if (last) {
        v *= finish.scale;
        if (finish.bias) v += loadFirst(finish.bias + column, inside);
        const Results done = finished(v, finish.form, beside.gate + place,
                                      beside.up + place, f);
        if (finish.second) write(finish.second, done.second, straightSecond);
        v = done.c;
      }
      write(c, v, straight);
    }
  }
}

// Asks for share `part` of `parts` of what lies at `data`.
inline void askFor(const char* data, int64_t bytes, int64_t part,
                   int64_t parts) {
  for (int64_t at = bytes * part / parts / 64 * 64;
       at < bytes * (part + 1) / parts; at += 64) {
    __builtin_prefetch(data + at, 0, 2);
  }
}

// How many panels of the left side are packed at once: as many as stay in a
// core's own cache, and few enough that all cores get as much. No fewer: for
// each such chunk the whole right side comes from the cores' common cache.
template <class E>
int64_t leftPanels(int64_t M, int64_t bytes) {
  const int64_t all = (M + E::ROWS - 1) / E::ROWS;
  const int64_t most = std::max<int64_t>(1, E::LEFT / bytes);
  const int64_t least = threadCount();
  int64_t chunks = std::max((all + most - 1) / most, least);
  chunks = (chunks + threadCount() - 1) / threadCount() * threadCount();
  return (all + chunks - 1) / chunks;
}

// Columns of a right side, as many as are packed together.
struct Panel {
  const Right* side;
  int64_t column;
};

template <class E>
std::vector<Panel> panelsOf(const std::vector<Right>& sides) {
  std::vector<Panel> panels;
  for (const Right& side : sides) {
    for (int64_t n = 0; n < side.N; n += E::COLUMNS) panels.push_back({&side, n});
  }
  return panels;
}

template <class E>
void packPanels(const Panel* panels, int64_t count, int64_t k0, int64_t deep,
                char* right) {
  for (int64_t i = 0; i < count;) {
    const Right& side = *panels[i].side;
    int64_t same = 1;
    while (i + same < count && panels[i + same].side == &side) same++;
    E::packRight({side.b.data, side.b.stride, side.b.transposed, side.N, k0, deep},
                 panels[i].column, same, right + i * E::rightBytes(deep));
    i += same;
  }
}

template <class E>
void gemmBy(const Matrix& a, const std::vector<Right>& sides, int64_t M,
            int64_t K) {
  const int64_t depth = std::min(K, E::DEPTH);
  const std::vector<Panel> all = panelsOf<E>(sides);
  const int64_t total = (int64_t)all.size();
  // What is packed of the right side stays within a share of the cache that
  // cores have in common.
  const int64_t most =
      std::clamp<int64_t>((16 << 20) / E::rightBytes(depth), 2, 256);
  const int64_t height = leftPanels<E>(M, E::leftBytes(depth)) * E::ROWS;

  thread_local Buffer rightBuffer;
  for (int64_t p0 = 0; p0 < total; p0 += most) {
    const Panel* these = &all[p0];
    const int64_t panels = std::min(most, total - p0);
    for (int64_t k0 = 0; k0 < K; k0 += depth) {
      const int64_t deep = std::min(depth, K - k0);
      const int64_t leftBytes = E::leftBytes(deep);
      const int64_t rightBytes = E::rightBytes(deep);
      char* right = rightBuffer.bytes(panels * rightBytes);
      parallelRanges(panels, 2, [&](int64_t begin, int64_t end) {
        packPanels<E>(these + begin, end - begin, k0, deep,
                      right + begin * rightBytes);
      });
      const bool first = k0 == 0, last = k0 + deep == K;
      parallelFor((M + height - 1) / height, [&](int64_t chunk) {
        thread_local Buffer leftBuffer;
        [[maybe_unused]] typename E::Scope scope;
        const int64_t m0 = chunk * height, m1 = std::min(m0 + height, M);
        const int64_t strips = (m1 - m0 + E::ROWS - 1) / E::ROWS;
        char* left = leftBuffer.bytes(strips * leftBytes);
        E::packLeft({a.data, a.stride, !a.transposed, M, k0, deep}, m0, strips,
                    left);
        alignas(64) float sums[E::ROWS * E::COLUMNS];
        Beside<E> beside;
        for (int64_t s = 0; s < panels; s++) {
          const char* b0 = right + s * rightBytes;
          const Right& side = *these[s].side;
          const Finish& finish = side.finish;
          const int64_t N = side.N, column = these[s].column;
          const bool fresh = first && !finish.onto;
          for (int64_t r = 0; r < strips; r++) {
            const int64_t row = m0 + r * E::ROWS;
            const Block at{row, column, std::min(E::ROWS, m1 - row),
                           std::min(E::COLUMNS, N - column)};
            if (!fresh || !last) expect(side.c, N, at);
            if (last) {
              take<E>(finish.gate, N, at, beside.gate);
              take<E>(finish.up, N, at, beside.up);
            }
            // The next part of the right side comes from the cores' common
            // cache.
            if (s + 1 < panels) askFor(b0 + rightBytes, rightBytes, r, strips);
            E::multiply(left + r * leftBytes, b0, deep, at.rows, sums);
            withActivation(last ? finish.activation : 0, [&](auto f) {
              put(sums, side.c, N, at, finish, beside, fresh, last, f);
            });
          }
        }
      });
    }
  }
}

}  // namespace

void gemm(const Matrix& a, const std::vector<Right>& sides, int64_t M, int64_t K,
          int parts) {
  withEngine(parts,
             [&](auto engine) { gemmBy<decltype(engine)>(a, sides, M, K); });
}

}  // namespace tdro

extern "C" int tdroEngine() { return tdro::engineNumber(); }
