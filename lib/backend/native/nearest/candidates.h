// The rows that may be among a query's k nearest.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <vector>

namespace tdro {

// The bits of a float as a whole number that orders like it: those of negative
// numbers run the other way, so they are turned round. NaN has a place too.
inline int32_t ordered(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
inline float unordered(int32_t key) {
  const int32_t bits = key ^ ((key >> 31) & 0x7fffffff);
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
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

// What one query is searched for: its k best rows, of those that score `floor`
// or more. Its scores are sums, `unit` each.
struct Wanted {
  int64_t k;
  double floor;
  Bounds bounds;
  double unit;
};

// A list that forgets who can't be among the k nearest any more.
class Candidates {
 public:
  explicit Candidates(const Wanted& wanted) : wanted_(wanted) {
    rise(wanted.floor);
    full_ = roomFor(0);
  }

  // A smaller sum can't be that of a row which is wanted.
  float least() const { return least_; }

  void add(int32_t row, float sum) {
    rows_.push_back(row);
    sums_.push_back(sum);
    if ((int64_t)rows_.size() >= full_) settle();
  }

  // Raises what is wanted by what was added, and leaves out who falls short.
  void settle() {
    const int64_t k = wanted_.k;
    if ((int64_t)sums_.size() < k) return;
    thread_local std::vector<int32_t> keys;
    keys.resize(sums_.size());
    std::transform(sums_.begin(), sums_.end(), keys.begin(), ordered);
    std::nth_element(keys.begin(), keys.begin() + (k - 1), keys.end(),
                     std::greater<int32_t>());
    // Not at NaN, which products too large for float32 may give.
    rise(wanted_.bounds.floor(unordered(keys[k - 1]) * wanted_.unit));
    size_t kept = 0;
    for (size_t i = 0; i < rows_.size(); i++) {
      if (sums_[i] < least_) continue;
      rows_[kept] = rows_[i];
      sums_[kept++] = sums_[i];
    }
    rows_.resize(kept);
    sums_.resize(kept);
    full_ = roomFor(kept);
  }

  const std::vector<int32_t>& rows() const { return rows_; }
  const std::vector<float>& sums() const { return sums_; }
  const Wanted& wanted() const { return wanted_; }

 private:
  // How many there may be before it pays to look who can go.
  int64_t roomFor(int64_t size) const {
    return std::max(2 * wanted_.k, 3 * size / 2) + 64;
  }

  void rise(double floor) {
    if (!(floor > floor_)) return;
    floor_ = floor;
    const double sum = floor / wanted_.unit;
    least_ = (float)sum;
    if (least_ > sum) least_ = std::nextafter(least_, -INFINITY);
  }

  Wanted wanted_;
  double floor_ = -INFINITY;
  float least_ = -INFINITY;
  int64_t full_;
  std::vector<int32_t> rows_;
  std::vector<float> sums_;
};

}  // namespace tdro
