// What an engine packs: part of a matrix.
#pragma once
#include <algorithm>

#include "lanes.h"

namespace tdro {

// Rows of the left side or columns of the right one ("lanes"), over k in
// [k0, k0 + K). Beyond `length` lanes come zeros.
struct Side {
  const float* data;
  int64_t stride;
  bool deep;  // numbers of successive k lie side by side in memory
  int64_t length, k0, K;

  // Where lane `lane` starts at k0 + k, for the two layouts.
  const float* lane(int64_t lane, int64_t k) const {
    return data + lane * stride + k0 + k;
  }
  const float* row(int64_t k, int64_t lane) const {
    return data + (k0 + k) * stride + lane;
  }
};

}  // namespace tdro
