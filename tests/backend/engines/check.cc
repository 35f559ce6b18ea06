// Products of one engine beside sums in double precision: a line of JSON each.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <random>
#include <thread>
#include <vector>

#include "activation.h"
#include "bytes.h"
#include "engine.h"
#include "nearest.h"
#include "pool.h"
#include "product.h"

using namespace tdro;

namespace {

std::vector<float> numbers(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> one(-1, 1);
  std::vector<float> all(count);
  for (float& x : all) x = one(random);
  return all;
}

// The largest difference, by what the sum of K products can be off.
struct Worst {
  double value = 0;
  void see(double got, double wanted, int64_t K) {
    const double off = std::fabs(got - wanted) / std::sqrt((double)K);
    value = off > value || std::isnan(off) ? off : value;
  }
};

// The product in double precision.
std::vector<double> sumsOf(const Matrix& a, const Matrix& b, int64_t M,
                           int64_t N, int64_t K) {
  const auto at = [](const Matrix& x, int64_t row, int64_t column) {
    return (double)x.data[x.transposed ? column * x.stride + row
                                       : row * x.stride + column];
  };
  std::vector<double> sums(M * N);
  for (int64_t i = 0; i < M; i++) {
    for (int64_t j = 0; j < N; j++) {
      for (int64_t k = 0; k < K; k++) {
        sums[i * N + j] += at(a, i, k) * at(b, k, j);
      }
    }
  }
  return sums;
}

void check(int64_t M, int64_t K, int64_t N, Precision precision, bool ta,
           bool tb) {
  const auto a = numbers(M * K, 1), b = numbers(K * N, 2), bias = numbers(N, 3);
  const auto gate = numbers(M * N, 4), up = numbers(M * N, 5);
  const Matrix left{a.data(), ta ? M : K, ta}, right{b.data(), tb ? K : N, tb};
  const auto sums = sumsOf(left, right, M, N, K);
  Worst worst;
  std::vector<float> c(M * N), second(M * N);
  const auto run = [&](Form form, auto expected) {
    // Beside it a product that is added to what is there.
    std::vector<float> more = up;
    gemm(left,
         {{right,
           c.data(),
           N,
           {.bias = bias.data(),
            .gate = gate.data(),
            .up = up.data(),
            .second = second.data(),
            .activation = 3,
            .form = form}},
          {right, more.data(), N, {.onto = true}}},
         M, K, precision);
    for (int64_t i = 0; i < M * N; i++) {
      const auto [one, two] = expected(sums[i] + bias[i % N], gate[i], up[i]);
      worst.see(c[i], one, K);
      worst.see(more[i], (float)(sums[i] + up[i]), K);
      worst.see(second[i], two, K);
    }
  };
  struct Two {
    double one, two;
  };
  const Silu f;
  run(Form::plain, [](double v, float, float) { return Two{v, v}; });
  run(Form::activated,
      [&](double v, float, float) { return Two{f.value((float)v), v}; });
  run(Form::slope,
      [&](double v, float g, float) { return Two{v * f.slope(g), v}; });
  run(Form::gated,
      [&](double v, float g, float) { return Two{v * f.value(g), v}; });
  run(Form::ungated, [&](double v, float g, float u) {
    return Two{v * f.value(g), v * u * f.slope(g)};
  });
  // Nothing but products, and beside them the sums of the left side's rows.
  std::vector<float> alone(M * N), rowSums(M);
  const float one = 1;
  const RightSide ones{{&one, 0, false}, rowSums.data(), 1};
  gemm(left, {{right, alone.data(), N}, ones}, M, K, precision);
  const auto expected = sumsOf(left, ones.b, M, 1, K);
  for (int64_t i = 0; i < M * N; i++) worst.see(alone[i], sums[i], K);
  for (int64_t i = 0; i < M; i++) worst.see(rowSums[i], expected[i], K);
  std::vector<float> twice(M * N, 1);
  product(left, right, twice.data(), N, M, N, K, precision, 2, true);
  for (int64_t i = 0; i < M * N; i++) worst.see(twice[i], 1 + 2 * sums[i], K);
  std::printf(
      "{\"M\":%d,\"K\":%d,\"N\":%d,\"precision\":%d,\"ta\":%d,\"tb\":%d,"
      "\"worst\":%g}\n",
      (int)M, (int)K, (int)N, (int)precision, ta, tb, worst.value);
}

// Whole numbers: nothing is off.
void checkWhole(int64_t M, int64_t K, int64_t N, bool ta, bool tb) {
  auto a = numbers(M * K, 1), b = numbers(K * N, 2);
  for (float& x : a) x = std::round(x * 30000);
  for (float& x : b) x = std::round(x * 50);
  const Matrix left{a.data(), ta ? M : K, ta}, right{b.data(), tb ? K : N, tb};
  std::vector<float> c(M * N);
  gemm(left, {{right, c.data(), N, {.scale = 0.25f}}}, M, K, Precision::int16);
  const auto sums = sumsOf(left, right, M, N, K);
  Worst worst;
  for (int64_t i = 0; i < M * N; i++) worst.see(c[i], (float)(sums[i] / 4), 1);
  std::printf("{\"M\":%d,\"K\":%d,\"N\":%d,\"precision\":2,\"worst\":%g}\n",
              (int)M, (int)K, (int)N, worst.value);
}

// Rows quantised to 8 bits: sums of whole numbers are exact, in each of the forms
// that a processor may have.
template <class Unit>
void checkBytes(const char* name, int64_t M, int64_t K, int64_t N) {
  using Panels = BytePanels<Unit>;
  const int64_t W = Panels::COLUMNS, stride = Panels::rowUnits(K);
  std::vector<uint32_t> left(M * stride), right(N * stride);
  const auto a = numbers(M * K, 8), b = numbers(N * K, 9), bias = numbers(W, 3);
  std::vector<float> leftScales, rightScales;
  std::vector<int32_t> zeros;
  for (int64_t i = 0; i < M; i++) {
    const Steps steps = Panels::quantiseLeft(&a[i * K], K, &left[i * stride]);
    leftScales.push_back(steps.scale);
    zeros.push_back(steps.zero);
  }
  for (int64_t i = 0; i < N; i++) {
    rightScales.push_back(
        Panels::quantiseRight(&b[i * K], K, &right[i * stride]));
  }
  // As whole numbers that lie side by side, from a row's least number or from 0.
  const auto wholes = [&](const std::vector<float>& all, bool weight) {
    std::vector<int32_t> found(all.size());
    for (size_t i = 0; i < all.size(); i += K) {
      float least = 0, largest = 0;
      for (int64_t k = 0; k < K; k++) {
        const float x = weight ? std::fabs(all[i + k]) : all[i + k];
        least = std::fmin(least, x);
        largest = std::fmax(largest, x);
      }
      const int32_t count = weight ? 127 : 255;
      const float up = count / (largest - least);
      const int32_t most = count - (int32_t)std::nearbyint(-least * up);
      for (int64_t k = 0; k < K; k++) {
        found[i + k] =
            std::min((int32_t)std::nearbyint(all[i + k] * up), most);
      }
    }
    return found;
  };
  const auto leftWholes = wholes(a, false), rightWholes = wholes(b, true);
  std::vector<float> c(M * N, NAN);
  double worst = 0;
  for (int64_t column = 0; column < N; column += W) {
    const int64_t columns = std::min(W, N - column);
    std::vector<uint32_t> panel(Panels::rightUnits(K) + WIDTH);
    for (int64_t j = 0; j < columns; j++) {
      for (int64_t k = 0; k < K; k++) {
        panel[j] += (uint32_t)rightWholes[(column + j) * K + k];
      }
      std::memcpy(&panel[W + j], &rightScales[column + j], 4);
    }
    Panels::template pack<Panels::COLUMNS>(&right[column * stride], columns, K,
                                           &panel[2 * W]);
    for (int64_t row = 0; row < M; row += Panels::ROWS) {
      const int64_t rows = std::min(Panels::ROWS, M - row);
      std::vector<uint32_t> strip(Panels::leftUnits(K) + WIDTH);
      Panels::template pack<Panels::ROWS>(&left[row * stride], rows, K,
                                          strip.data());
      Panels::multiply({strip.data(), panel.data(), &leftScales[row],
                        &zeros[row], bias.data(), &c[row * N + column], N, rows, columns},
                       K);
      for (int64_t i = row; i < row + rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
          int64_t sum = 0;
          for (int64_t k = 0; k < K; k++) {
            sum += leftWholes[i * K + k] * rightWholes[(column + j) * K + k];
          }
          const double v = sum * (double)leftScales[i] * rightScales[column + j];
          const double off = std::fabs(c[i * N + column + j] - (v + bias[j]));
          // As a part of what roundings to floats can be: 4 of a half each.
          const double most = 0x1p-22 * (std::fabs(v) + std::fabs(bias[j]));
          worst = std::isnan(off) ? off : std::fmax(worst, off / most);
        }
      }
    }
  }
  std::printf("{\"bytes\":\"%s\",\"M\":%d,\"K\":%d,\"N\":%d,\"worst\":%g}\n",
              name, (int)M, (int)K, (int)N, worst);
}

// How far float32 products are from the truth, as parts of ‖row‖ · ‖column‖:
// ours, and sums in float32 of 64 products each that are added up. `factor` tells
// how large number k of row i is.
template <class Factor>
void checkExactness(const char* name, Factor factor) {
  const int64_t M = 37, N = 41, K = 1500;
  const auto spread = [&](int64_t rows, unsigned seed) {
    auto all = numbers(rows * K, seed);
    for (int64_t at = 0; at < rows * K; at++) {
      all[at] *= (float)factor(at / K, at % K);
    }
    return all;
  };
  const auto a = spread(M, 6), b = spread(N, 7);
  const Matrix left{a.data(), K, false}, right{b.data(), K, true};
  std::vector<float> c(M * N);
  gemm(left, {{right, c.data(), N}}, M, K, Precision::float32);
  const auto sums = sumsOf(left, right, M, N, K);
  double ours = 0, runs = 0;
  for (int64_t i = 0; i < M; i++) {
    for (int64_t j = 0; j < N; j++) {
      const float *x = &a[i * K], *y = &b[j * K];
      double row = 0, column = 0;
      float sum = 0, run = 0;
      for (int64_t k = 0; k < K; k++) {
        row += (double)x[k] * x[k];
        column += (double)y[k] * y[k];
        run = std::fma(x[k], y[k], run);
        if (k % 64 == 63 || k == K - 1) {
          sum += run;
          run = 0;
        }
      }
      const double norms = std::sqrt(row * column), exact = sums[i * N + j];
      ours = std::fmax(ours, std::fabs(c[i * N + j] - exact) / norms);
      runs = std::fmax(runs, std::fabs(sum - exact) / norms);
    }
  }
  std::printf("{\"spread\":\"%s\",\"ours\":%g,\"runs\":%g}\n", name, ours, runs);
}

// The rows that a search misses, and how many more than k it names for a query.
void checkNearest(Look look, int64_t Q, int64_t P, int64_t D, int64_t k) {
  auto queries = numbers(Q * D, 8), rows = numbers(P * D, 9);
  std::vector<int8_t> bytes(P * D);
  // By how much scores may be off, where rows and queries are √(D / 3) long.
  double error = D * std::exp2(-22.0), unit = 1;
  if (look == Look::bfloat16) error = D / 3.0 * std::exp2(-7.0);
  if (look == Look::int16 || look == Look::int8) {
    for (float& x : queries) x = std::round(x * 1000);
    error = 1000 * D * std::exp2(-11.0);
    unit = look == Look::int16 ? std::exp2(-10.0) : 1;
  }
  if (look == Look::int8) {
    for (int64_t i = 0; i < P * D; i++) {
      bytes[i] = (int8_t)std::floor(128 * rows[i]);
      rows[i] = bytes[i];
    }
    error = 0.5;
  }
  std::vector<Candidates> lists(
      Q, Candidates({k, -INFINITY, {error, std::exp2(-23.0)}, unit}));
  const void* data = look == Look::int8 ? (void*)bytes.data() : rows.data();
  nearest({queries.data(), data, Q, P, D, look, look == Look::int16 ? 1024.f : 1},
          lists);
  int64_t missed = 0, more = 0;
  const auto sums = sumsOf({queries.data(), D, false}, {rows.data(), D, true}, Q, P, D);
  for (int64_t q = 0; q < Q; q++) {
    std::vector<double> best(sums.begin() + q * P, sums.begin() + (q + 1) * P);
    std::sort(best.rbegin(), best.rend());
    std::vector<int32_t> found = lists[q].rows();
    std::sort(found.begin(), found.end());
    for (int64_t p = 0; p < P; p++) {
      if (k <= P && sums[q * P + p] < best[k - 1]) continue;
      if (!std::binary_search(found.begin(), found.end(), p)) missed++;
    }
    more = std::max<int64_t>(more, found.size() - std::min(k, P));
  }
  std::printf("{\"look\":%d,\"Q\":%d,\"D\":%d,\"missed\":%d,\"more\":%d}\n",
              (int)look, (int)Q, (int)D, (int)missed, (int)more);
}

// How many of two threads keep numbers below 1e-38, where the one was started by a
// thread that takes them for 0, as TensorFlow's do, and the other by the program.
void checkSmallest() {
#if defined(__x86_64__)
  std::thread([] {
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
    parallelFor(2, [](int64_t) {});
  }).join();
#endif
  std::atomic<int> arrived{0};
  std::atomic<int> kept{0};
  parallelFor(2, [&](int64_t) {
    for (arrived++; arrived < 2;) std::this_thread::yield();
    volatile float small = 1e-30f, factor = 1e-12f;
    volatile float smaller = small * factor;
    kept += smaller != 0;
  });
  std::printf("{\"kept\":%d}\n", kept.load());
}

}  // namespace

int main() {
  std::printf("{\"engine\":%d}\n", engineNumber());
  checkSmallest();
  const int64_t shapes[][3] = {{1, 1, 1},   {37, 150, 41}, {12, 32, 32},
                               {65, 33, 97}, {33, 1100, 32}, {200, 64, 130},
                               {50, 2200, 70}, {70, 40, 48}};  // cut by its depth
  for (const auto& [M, K, N] : shapes) {
    for (int turns = 0; turns < 4; turns++) {
      checkWhole(M, std::min<int64_t>(K, 1000), N, turns & 1, turns & 2);
    }
  }
  for (int look = 0; look < 4; look++) {
    for (const int64_t D : {1, 48, 67}) {
      for (const int64_t Q : {1, 7, 45}) {
        checkNearest((Look)look, Q, 3001, D, 20);
      }
    }
    checkNearest((Look)look, 3, 10, 8, 20);
    checkNearest((Look)look, 20, 10, 300, 20);
  }
  for (const Precision precision : {Precision::bfloat16, Precision::float32}) {
    for (const auto& [M, K, N] : shapes) {
      for (int turns = 0; turns < 4; turns++) {
        check(M, K, N, precision, turns & 1, turns & 2);
      }
    }
  }
  for (const auto& [M, K, N] : shapes) {
    checkBytes<Fours>("fours", M, K, N);
    checkBytes<Twos>("twos", M, K, N);
  }
  // As in native_test.ts, where they stand beside TensorFlow's.
  checkExactness("alike numbers", [](double, double) { return 1.0; });
  checkExactness("rows of all sizes", [](double i, double) {
    return std::exp2(40 * std::sin(i));
  });
  checkExactness("a few large features", [](double, double k) {
    return std::fmod(k, 500) == 7 ? 50.0 : 1.0;
  });
  checkExactness("mostly small numbers", [](double, double k) {
    return std::exp2(-20 * std::sin(k) * std::sin(k));
  });
}
