// Affine maps of whole numbers of 8 bits, for inference alone: see bytes.h. Rows
// go through a whole feed-forward part a few at a time, so that what lies between
// its maps stays in a core's cache.
#include "activation.h"
#include "buffer.h"
#include "bytes.h"
#include "call.h"
#include "pool.h"

namespace tdro {
namespace {

using Panels = BytePanels<Bytes>;
constexpr int64_t ROWS = Panels::ROWS, COLUMNS = Panels::COLUMNS;

int64_t panelCount(int64_t N) { return (N + COLUMNS - 1) / COLUMNS; }

// weight [N, K] -> panels, bits of units. Settings: none.
void packInt8(Call& call) {
  const int64_t N = call.dim(0, 0), K = call.dim(0, 1);
  const float* weight = call.in(0);
  const int64_t size = Panels::rightUnits(K);
  uint32_t* out = (uint32_t*)call.out(0, {panelCount(N), size});
  parallelRanges(panelCount(N), 4, [&](int64_t begin, int64_t end) {
    thread_local Buffer memory;
    const int64_t stride = Panels::rowUnits(K);
    uint32_t* rows = (uint32_t*)memory.bytes(COLUMNS * stride * 4);
    for (int64_t p = begin; p < end; p++) {
      const int64_t lanes = std::min(COLUMNS, N - p * COLUMNS);
      uint32_t* panel = out + p * size;
      int32_t* sums = (int32_t*)panel;
      float* scales = (float*)panel + COLUMNS;
      for (int64_t i = 0; i < COLUMNS; i++) sums[i] = scales[i] = 0;
      for (int64_t i = 0; i < lanes; i++) {
        const float* row = weight + (p * COLUMNS + i) * K;
        uint32_t* units = rows + i * stride;
        scales[i] = Panels::quantiseRight(row, K, units);
        const Bytes::Number* numbers = (const Bytes::Number*)units;
        for (int64_t k = 0; k < K; k++) sums[i] += numbers[k];
      }
      Panels::pack<COLUMNS>(rows, lanes, K, panel + 2 * COLUMNS);
    }
  });
}

// A weight's panels, its bias if there is one, and where its product goes.
struct Map {
  const uint32_t* panels;
  const float* bias;
  int64_t N, K;
  float* c;
};

// Quantised rows: panels of ROWS, and each row's scale and zero.
struct Rows {
  const uint32_t* panels;
  const float* scales;
  const int32_t* zeros;
  int64_t count, K;
};

Rows quantised(const float* x, int64_t count, int64_t K, Buffer& memory) {
  const int64_t strips = (count + ROWS - 1) / ROWS;
  const int64_t size = Panels::leftUnits(K), stride = Panels::rowUnits(K);
  uint32_t* units = (uint32_t*)memory.bytes(
      (ROWS * stride + strips * (size + 2 * ROWS) + WIDTH) * 4);
  uint32_t* panels = units + ROWS * stride;
  float* scales = (float*)(panels + strips * size + WIDTH);
  int32_t* zeros = (int32_t*)(scales + strips * ROWS);
  for (int64_t s = 0; s < strips; s++) {
    const int64_t lanes = std::min(ROWS, count - s * ROWS);
    for (int64_t i = 0; i < lanes; i++) {
      const int64_t row = s * ROWS + i;
      const Steps steps =
          Panels::quantiseLeft(x + row * K, K, units + i * stride);
      scales[row] = steps.scale;
      zeros[row] = steps.zero;
    }
    Panels::pack<ROWS>(units, lanes, K, panels + s * size);
  }
  return {panels, scales, zeros, count, K};
}

// Columns of panels [begin, end) of one product.
void multiplyPanels(const Rows& rows, const Map& map, int64_t begin,
                    int64_t end) {
  const int64_t K = map.K;
  for (int64_t p = begin; p < end; p++) {
    const int64_t column = p * COLUMNS;
    for (int64_t row = 0; row < rows.count; row += ROWS) {
      Panels::multiply({rows.panels + row / ROWS * Panels::leftUnits(K),
                        map.panels + p * Panels::rightUnits(K),
                        rows.scales + row, rows.zeros + row,
                        map.bias ? map.bias + column : nullptr,
                        map.c + row * map.N + column, map.N,
                        std::min(ROWS, rows.count - row),
                        std::min(COLUMNS, map.N - column)},
                       K);
    }
  }
}

// `together`: all cores see to these rows, else the caller's alone.
void multiply(const Rows& rows, const Map& map, bool together) {
  const auto range = [&](int64_t begin, int64_t end) {
    multiplyPanels(rows, map, begin, end);
  };
  if (together) parallelRanges(panelCount(map.N), 4, range);
  else range(0, panelCount(map.N));
}

// Calls use(first row, rows, together) for all of T rows: a few at a time on each
// core, as many as stay in its cache where each has `width` numbers; and all of
// them at once where they are too few to share.
template <class Use>
void forRows(int64_t T, int64_t width, Use use) {
  const int64_t most = std::clamp<int64_t>((256 << 10) / (4 * width * ROWS), 4,
                                           8) * ROWS;
  if (T <= 2 * ROWS * threadCount()) {
    if (T > 0) use(0, T, true);
    return;
  }
  const int64_t share = (T + threadCount() - 1) / threadCount();
  const int64_t height =
      std::min(most, (share + ROWS - 1) / ROWS * ROWS);
  parallelFor((T + height - 1) / height, [&](int64_t chunk) {
    const int64_t row = chunk * height;
    use(row, std::min(height, T - row), false);
  });
}

// x [T, K], n panels, n biases? [N] -> n results [T, N]. Settings: n, each N.
void linearInt8(Call& call) {
  const int n = (int)call.setting(0);
  const int64_t T = call.dim(0, 0), K = call.dim(0, 1);
  const float* x = call.in(0);
  std::vector<Map> maps;
  for (int i = 0; i < n; i++) {
    const int64_t N = (int64_t)call.setting(1 + i);
    maps.push_back({(const uint32_t*)call.in(1 + i), call.optional(1 + n + i),
                    N, K, call.out(i, {T, N})});
  }
  forRows(T, K, [&](int64_t row, int64_t count, bool together) {
    thread_local Buffer memory;
    const Rows rows = quantised(x + row * K, count, K, memory);
    for (Map map : maps) {
      map.c += row * map.N;
      multiply(rows, map, together);
    }
  });
}

// f(x), of x times as many numbers if there are any.
void activate(float* x, const float* times, int64_t size, int activation) {
  withActivation(activation, [&](auto f) {
    using F = decltype(f);
    int64_t i = 0;
    for (; i + WIDTH <= size; i += WIDTH) {
      Lanes v = each(load(x + i), [](float v) { return F{}.value(v); });
      if (times) v *= load(times + i);
      store(x + i, v);
    }
    for (; i < size; i++) {
      x[i] = F{}.value(x[i]) * (times ? times[i] : 1);
    }
  });
}

// x [T, K], panels to [T, F], bias?, panels to [T, N], bias? -> y [T, N].
// Settings: activation, F, N.
void feedForwardInt8(Call& call) {
  const int activation = (int)call.setting(0);
  const int64_t F = (int64_t)call.setting(1), N = (int64_t)call.setting(2);
  const int64_t T = call.dim(0, 0), K = call.dim(0, 1);
  const float* x = call.in(0);
  float* y = call.out(0, {T, N});
  Map inner{(const uint32_t*)call.in(1), call.optional(2), F, K, nullptr};
  Map outer{(const uint32_t*)call.in(3), call.optional(4), N, F, y};
  forRows(T, F, [&](int64_t row, int64_t count, bool together) {
    thread_local Buffer memory, between;
    Map first = inner, second = outer;
    first.c = between.floats(count * F);
    second.c += row * N;
    multiply(quantised(x + row * K, count, K, memory), first, together);
    activate(first.c, nullptr, count * F, activation);
    multiply(quantised(first.c, count, F, memory), second, together);
  });
}

// x [T, K], panels of gate, bias?, of up, bias?, to [T, F], of down, bias?, to
// [T, N] -> y [T, N]. Settings: activation, F, N.
void gatedFeedForwardInt8(Call& call) {
  const int activation = (int)call.setting(0);
  const int64_t F = (int64_t)call.setting(1), N = (int64_t)call.setting(2);
  const int64_t T = call.dim(0, 0), K = call.dim(0, 1);
  const float* x = call.in(0);
  float* y = call.out(0, {T, N});
  const auto map = [&](int i, int64_t N, int64_t K) {
    return Map{(const uint32_t*)call.in(i), call.optional(i + 1), N, K, y};
  };
  const Map gate = map(1, F, K), up = map(3, F, K), down = map(5, N, F);
  forRows(T, 2 * F, [&](int64_t row, int64_t count, bool together) {
    thread_local Buffer memory, between;
    Map first = gate, second = up, third = down;
    first.c = between.floats(2 * count * F);
    second.c = first.c + count * F;
    third.c += row * N;
    const Rows rows = quantised(x + row * K, count, K, memory);
    multiply(rows, first, together);
    multiply(rows, second, together);
    activate(first.c, second.c, count * F, activation);
    multiply(quantised(first.c, count, F, memory), third, together);
  });
}

const Op<packInt8> a("TdroPackInt8", {.floats = 1});
const Op<linearInt8> b("TdroLinearInt8", {.list = true, .results = true});
const Op<feedForwardInt8> c("TdroFeedForwardInt8", {.floats = 5});
const Op<gatedFeedForwardInt8> d("TdroGatedFeedForwardInt8", {.floats = 7});

}  // namespace
}  // namespace tdro
