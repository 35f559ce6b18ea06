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

// An activation as a function, and its slope.
template <class F>
struct Value {
  ALWAYS_INLINE float operator()(float x) const { return F{}.value(x); }
};
template <class F>
struct Slope {
  ALWAYS_INLINE float operator()(float x) const { return F{}.slope(x); }
};

// Numbers of C, and of the second result if there is one.
struct Results {
  Lanes c, second;
};

// What a form makes of sums; `gate` and `up`: where those of these numbers are.
template <Form FORM, class F>
struct Finisher {
  static constexpr bool GATE = FORM >= Form::slope, UP = FORM == Form::ungated;

  ALWAYS_INLINE static Results finished(Lanes v, const float* gate,
                                        const float* up) {
    const auto value = [](Lanes x) { return each(x, Value<F>{}); };
    const auto slope = [](Lanes x) { return each(x, Slope<F>{}); };
    if constexpr (FORM == Form::activated) return {value(v), v};
    else if constexpr (FORM == Form::slope) return {v * slope(load(gate)), v};
    else if constexpr (FORM == Form::gated) return {v * value(load(gate)), v};
    else if constexpr (FORM == Form::ungated) {
      return {v * value(load(gate)), v * load(up) * slope(load(gate))};
    } else return {v, v};
  }
};

// Calls use(finisher) with what sums that aren't whole yet, or whole ones, need.
template <class Use>
void withFinisher(const Finish& finish, bool last, Use use) {
  if (!last || finish.form == Form::plain) {
    return use(Finisher<Form::plain, Identity>{});
  }
  withActivation(finish.activation, [&](auto f) {
    using F = decltype(f);
    switch (finish.form) {
      case Form::activated: return use(Finisher<Form::activated, F>{});
      case Form::slope: return use(Finisher<Form::slope, F>{});
      case Form::gated: return use(Finisher<Form::gated, F>{});
      default: return use(Finisher<Form::ungated, F>{});
    }
  });
}

// Finishes and stores blocks of sums, a few registers at a time: while tiles
// multiply the next block, those have nothing else to do. That block is over
// soon: each instruction here counts.
template <class E, class F>
class Writer {
 public:
  // `first`: C gets the sums, else they are added to it. `last`: then finished.
  Writer(const RightSide& right, bool first, bool last)
      : right_(right), finish_(right.finish), first_(first) {
    if (!last) finish_ = {};
    const auto straight = [&](const float* x) {
      return right.N % 16 == 0 && ((uintptr_t)x & 63) == 0;
    };
    straight_ = first && last && straight(right.c);
    straightSecond_ = straight(finish_.second);
  }

  // Where to put the sums of the next block, which will be at `at`. What is
  // looked at when it is written is asked for while the one before is.
  float* expect(const Block& at) {
    coming_ = at.row * right_.N + at.column;
    if constexpr (!E::OVERLAPS) {
      for (int64_t i = 0; i < at.rows * PER_ROW; i++) {
        askFor(coming_ + placeOf(i));
      }
    }
    return sums_[1 - now_];
  }
  // They are there; the block before must be done.
  void take(const Block& at) {
    now_ = 1 - now_;
    next_ = 0;
    end_ = at.rows * PER_ROW;
    columns_ = at.columns;
    at_ = at.row * right_.N + at.column;
    for (int64_t j = 0; j < PER_ROW; j++) {
      bias_[j] = finish_.bias ? loadFirst(finish_.bias + at.column + j * WIDTH,
                                          columns_ - j * WIDTH)
                              : Lanes{};
    }
    if constexpr (F::GATE) copy(finish_.gate, gate_);
    if constexpr (F::UP) copy(finish_.up, up_);
  }
  // Writes so many registers of the block that was taken.
  [[gnu::noinline]] void write(int64_t count) {
    const int64_t end = std::min(next_ + count, end_);
    // Whole rows, without a look at where they end.
    if (columns_ == E::COLUMNS) writeTo<true>(end);
    else writeTo<false>(end);
  }
  void writeRest() { write(E::ROWS * PER_ROW); }

  // Registers to write whenever `times` are left to do it.
  static int64_t share(int64_t times) {
    return times ? (E::ROWS * PER_ROW + times - 1) / times : 0;
  }

 private:
  static constexpr int64_t PER_ROW = E::COLUMNS / WIDTH;

  // Of register i of a block, from the block's first number in C.
  int64_t placeOf(int64_t i) const {
    return i / PER_ROW * right_.N + i % PER_ROW * WIDTH;
  }

  ALWAYS_INLINE void askFor(int64_t at) const {
    // Into the second cache: rows lie so far apart that the first one would put
    // them all into the same few places.
    if (!straight_) __builtin_prefetch(right_.c + at, 1, 2);
    if constexpr (F::GATE) __builtin_prefetch(finish_.gate + at, 0, 2);
    if constexpr (F::UP) __builtin_prefetch(finish_.up + at, 0, 2);
  }

  // What is looked at beside the sums, laid like them: where rows are a multiple
  // of some pages apart, a load would wait for stores to another matrix whose
  // addresses look alike.
  void copy(const float* x, float* to) const {
    for (int64_t i = 0; i < end_; i++) {
      store(to + i * WIDTH, loadFirst(x + at_ + placeOf(i),
                                      columns_ - i % PER_ROW * WIDTH));
    }
  }

  template <bool WHOLE>
  ALWAYS_INLINE void writeTo(int64_t end) {
    const float* const sums = sums_[now_];
    for (int64_t i = next_; i < end; i++) {
      const int64_t place = placeOf(i), inside = columns_ - i % PER_ROW * WIDTH;
      askFor(coming_ + place);
      // Whole lines that nobody adds to later go past the caches: else each
      // would be read from memory before it is written.
      const auto write = [&](float* to, Lanes v, bool straight) {
        to += at_ + place;
        if constexpr (!WHOLE) storeFirst(to, inside, v);
        else if (straight) stream(to, v);
        else store(to, v);
      };
      Lanes v = load(sums + i * WIDTH);
      if (!first_) {
        const float* c = right_.c + at_ + place;
        v += WHOLE ? load(c) : loadFirst(c, inside);
      }
      v = v * finish_.scale + bias_[i % PER_ROW];
      const Results done = F::finished(v, gate_ + i * WIDTH, up_ + i * WIDTH);
      if (finish_.second) write(finish_.second, done.second, straightSecond_);
      write(right_.c, done.c, straight_);
    }
    next_ = end;
  }

  static constexpr int64_t SIZE = E::ROWS * E::COLUMNS;
  alignas(64) float sums_[2][SIZE], gate_[F::GATE ? SIZE : 1],
      up_[F::UP ? SIZE : 1];
  Lanes bias_[PER_ROW];
  const RightSide& right_;
  Finish finish_;
  const bool first_;
  bool straight_, straightSecond_;
  int64_t at_ = 0, coming_ = 0, columns_ = E::COLUMNS;
  int64_t next_ = 0, end_ = 0;
  int now_ = 0;
};

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
  const RightSide* right;
  int64_t column;
};

int64_t columnsOf(const std::vector<RightSide>& sides) {
  int64_t columns = 0;
  for (const RightSide& right : sides) columns += right.N;
  return columns;
}

template <class E>
std::vector<Panel> panelsOf(const std::vector<RightSide>& sides) {
  std::vector<Panel> panels;
  for (const RightSide& right : sides) {
    for (int64_t n = 0; n < right.N; n += E::COLUMNS) {
      panels.push_back({&right, n});
    }
  }
  return panels;
}

template <class E>
void packPanels(const Panel* panels, int64_t count, int64_t k0, int64_t deep,
                char* out) {
  for (int64_t i = 0; i < count;) {
    const RightSide& right = *panels[i].right;
    int64_t same = 1;
    while (i + same < count && panels[i + same].right == &right) same++;
    E::packRight(
        {right.b.data, right.b.stride, right.b.transposed, right.N, k0, deep},
        panels[i].column, same, out + i * E::rightBytes(deep));
    i += same;
  }
}

// Panels of the right side over `deep` steps from `k0`, packed at `data`.
struct PackedPanels {
  const Panel* panels;
  int64_t count, k0, deep;
  char* data;
};

// Rows [m0, m1) of the left side times packed panels: the first of those that
// give C, or added to it; and after the last one finished.
template <class E>
void multiplyRows(const Matrix& a, int64_t M, int64_t m0, int64_t m1,
                  const PackedPanels& packed, bool first, bool last) {
  thread_local Buffer leftBuffer;
  [[maybe_unused]] typename E::Scope scope;
  const int64_t deep = packed.deep;
  const int64_t leftBytes = E::leftBytes(deep), rightBytes = E::rightBytes(deep);
  const int64_t strips = (m1 - m0 + E::ROWS - 1) / E::ROWS;
  char* left = leftBuffer.bytes(strips * leftBytes);
  E::packLeft({a.data, a.stride, !a.transposed, M, packed.k0, deep}, m0, strips,
              left);
  for (int64_t s = 0; s < packed.count;) {
    const RightSide& right = *packed.panels[s].right;
    int64_t end = s + 1;  // of this side's panels
    while (end < packed.count && packed.panels[end].right == &right) end++;
    withFinisher(right.finish, last, [&](auto finisher) {
      Writer<E, decltype(finisher)> writer(
          right, first && !right.finish.onto, last);
      const int64_t share = writer.share(E::pauses(deep));
      for (; s < end; s++) {
        const char* b0 = packed.data + s * rightBytes;
        for (int64_t r = 0; r < strips; r++) {
          const int64_t row = m0 + r * E::ROWS;
          const int64_t column = packed.panels[s].column;
          const Block at{row, column, std::min(E::ROWS, m1 - row),
                         std::min(E::COLUMNS, right.N - column)};
          float* sums = writer.expect(at);
          // The next part of the right side comes from the cores' common
          // cache: a few lines at a time, as what waits for more than the
          // processor can ask for at once holds up everything behind it.
          const char* line = b0 + rightBytes * (r + strips) / strips;
          const char* const lastLine =
              s + 1 < packed.count ? line + rightBytes / strips : line;
          E::multiply(left + r * leftBytes, b0, deep, at.rows, sums, [&] {
            writer.write(share);
            for (int i = 0; i < 3 && line < lastLine; i++, line += 64) {
              __builtin_prefetch(line, 0, 2);
            }
          });
          writer.writeRest();
          writer.take(at);
        }
      }
      writer.writeRest();
    });
  }
}

// Each core sees to some rows of C, and all pack the right side together.
template <class E>
void gemmByRows(const Matrix& a, const std::vector<RightSide>& sides, int64_t M,
                int64_t K) {
  // In passes of the same depth, of whole steps.
  const int64_t passes = std::max<int64_t>(1, (K + E::DEPTH - 1) / E::DEPTH);
  const int64_t depth = (K + 64 * passes - 1) / (64 * passes) * 64;
  const std::vector<Panel> all = panelsOf<E>(sides);
  const int64_t total = (int64_t)all.size();
  // What is packed of the right side stays within a share of the cache that
  // cores have in common.
  const int64_t most =
      std::clamp<int64_t>((16 << 20) / E::rightBytes(depth), 2, 256);
  const int64_t height = leftPanels<E>(M, E::leftBytes(depth)) * E::ROWS;

  thread_local Buffer rightBuffer;
  for (int64_t p0 = 0; p0 < total; p0 += most) {
    const int64_t count = std::min(most, total - p0);
    for (int64_t k0 = 0; k0 < K; k0 += depth) {
      const int64_t deep = std::min(depth, K - k0);
      const int64_t rightBytes = E::rightBytes(deep);
      const PackedPanels packed{&all[p0], count, k0, deep,
                                rightBuffer.bytes(count * rightBytes)};
      parallelRanges(count, 2, [&](int64_t begin, int64_t end) {
        packPanels<E>(packed.panels + begin, end - begin, k0, deep,
                      packed.data + begin * rightBytes);
      });
      parallelFor((M + height - 1) / height, [&](int64_t chunk) {
        const int64_t m0 = chunk * height;
        multiplyRows<E>(a, M, m0, std::min(m0 + height, M), packed, k0 == 0,
                        k0 + deep == K);
      });
    }
  }
}

// Each core sees to some steps of a deep product and has sums of its own, which
// are added up in the end: what it packs stays its own, and nobody waits.
template <class E>
void gemmByDepth(const Matrix& a, const std::vector<RightSide>& wholes,
                 int64_t M, int64_t K, int64_t parts) {
  const int64_t depth = E::OWN_DEPTH;
  const int64_t size = M * columnsOf(wholes);
  const int64_t steps = (K + depth - 1) / depth;
  thread_local Buffer sumBuffer;
  float* sums = sumBuffer.floats((parts - 1) * size);
  parallelFor(parts, [&](int64_t part) {
    thread_local Buffer rightBuffer;
    std::vector<RightSide> sides = wholes;
    float* own = sums + (part - 1) * size;
    for (RightSide& right : sides) {
      if (part > 0) right.c = own;
      own += M * right.N;
    }
    const std::vector<Panel> panels = panelsOf<E>(sides);
    const int64_t count = (int64_t)panels.size();
    const int64_t from = steps * part / parts * depth;
    const int64_t to = std::min(K, steps * (part + 1) / parts * depth);
    for (int64_t k0 = from; k0 < to; k0 += depth) {
      const int64_t deep = std::min(depth, to - k0);
      const PackedPanels packed{
          panels.data(), count, k0, deep,
          rightBuffer.bytes(count * E::rightBytes(deep))};
      packPanels<E>(packed.panels, count, k0, deep, packed.data);
      const int64_t bytes = E::leftBytes(deep);
      const int64_t height =
          std::max<int64_t>(1, E::LEFT / bytes) * E::ROWS;
      for (int64_t m0 = 0; m0 < M; m0 += height) {
        multiplyRows<E>(a, M, m0, std::min(m0 + height, M), packed, k0 == from,
                        k0 + deep == to);
      }
    }
  });
  for (const RightSide& right : wholes) {
    parallelRanges(M * right.N, 1 << 14, [&](int64_t begin, int64_t end) {
      for (int64_t part = 1; part < parts; part++) {
        const float* more = sums + (part - 1) * size;
#pragma omp simd
        for (int64_t i = begin; i < end; i++) right.c[i] += more[i];
      }
    });
    sums += M * right.N;
  }
}

// Into how many parts a product's depth is cut: gradients of weights are as deep
// as a batch has tokens, and small.
template <class E>
int64_t partsOf(const std::vector<RightSide>& sides, int64_t M, int64_t K) {
  for (const RightSide& right : sides) {
    const Finish& finish = right.finish;
    const bool plain = finish.form == Form::plain && !finish.bias &&
                       !finish.onto && finish.scale == 1;
    if (!plain) return 1;
  }
  if (!E::OVERLAPS || M * columnsOf(sides) > 1 << 20) return 1;
  return std::min<int64_t>(threadCount(), K / (4 * E::OWN_DEPTH));
}

template <class E>
void gemmBy(const Matrix& a, const std::vector<RightSide>& sides, int64_t M,
            int64_t K) {
  const int64_t parts = partsOf<E>(sides, M, K);
  if (parts > 1) gemmByDepth<E>(a, sides, M, K, parts);
  else gemmByRows<E>(a, sides, M, K);
}

}  // namespace

void gemm(const Matrix& a, const std::vector<RightSide>& sides, int64_t M,
          int64_t K, Precision precision) {
  withEngine(precision,
             [&](auto engine) { gemmBy<decltype(engine)>(a, sides, M, K); });
}

}  // namespace tdro

extern "C" int tdroEngine() { return tdro::engineNumber(); }
