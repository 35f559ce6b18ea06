// Which gradients a call shall compute.
#pragma once
#include "call.h"

namespace tdro {

// Bit i says whether result i is wanted; those that aren't come back empty.
struct Wanted {
  Call& call;
  int bits;

  bool operator()(int i) const { return bits >> i & 1; }
  // Whether any of results [from, to) is.
  bool any(int from, int to) const {
    return (bits & ((1 << to) - (1 << from))) != 0;
  }
  // Result i, a matrix or a vector; null if it isn't wanted.
  float* out(int i, int64_t rows, int64_t columns) const {
    float* y = call.out(i, {(*this)(i) ? rows : 0, columns});
    return (*this)(i) ? y : nullptr;
  }
  float* out(int i, int64_t size) const {
    float* y = call.out(i, {(*this)(i) ? size : 0});
    return (*this)(i) ? y : nullptr;
  }
};

}  // namespace tdro
