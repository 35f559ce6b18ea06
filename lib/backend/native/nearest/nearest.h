// Exhaustive search: which rows may be among the k nearest to a query.
#pragma once
#include <cstdint>
#include <vector>

#include "candidates.h"

namespace tdro {

// How the first look multiplies.
enum class Look {
  float32 = 0,
  bfloat16 = 1,
  // Rows times `scale`, rounded to whole numbers of 16 bits; queries are such
  // numbers already.
  int16 = 2,
  // Rows are whole numbers of 8 bits, queries of 16.
  int8 = 3,
};

// What to search, and for what.
struct Search {
  const float* queries;  // [Q, D]
  const void* rows;      // [P, D]: floats, or bytes with a sign
  int64_t Q, P, D;
  Look look;
  float scale;
};

// Puts rows on the lists, one a query: all that may be among the k nearest, and
// perhaps a few more. Beside the lists it takes a few megabytes.
void nearest(const Search& search, std::vector<Candidates>& lists);

}  // namespace tdro
