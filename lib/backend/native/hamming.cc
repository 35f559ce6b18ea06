// Search among bits: in how many two vectors differ.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "pool.h"

namespace tdro {
namespace {

// Words of 32 bits, two at a time: processors count the ones of 64 in one step.
inline int differing(const uint32_t* a, const uint32_t* b, int64_t words) {
  int64_t w = 0;
  int sum = 0;
  for (; w + 2 <= words; w += 2) {
    uint64_t x, y;
    std::memcpy(&x, a + w, 8);
    std::memcpy(&y, b + w, 8);
    sum += __builtin_popcountll(x ^ y);
  }
  if (w < words) sum += __builtin_popcount(a[w] ^ b[w]);
  return sum;
}

// Rows that stay in a core's own cache while all queries pass by.
constexpr int64_t ROWS = 512;

}  // namespace
}  // namespace tdro

// Bits of the queries [Q, words] and of the rows [P, words] -> in how many bits
// each query differs from each row [Q, P]. At most 65,535 bits.
extern "C" void tdroHamming(const uint32_t* queries, const uint32_t* rows,
                            uint16_t* out, int32_t Q, int32_t P,
                            int32_t words) {
  tdro::parallelRanges(P, tdro::ROWS, [&](int64_t from, int64_t to) {
    for (int64_t start = from; start < to; start += tdro::ROWS) {
      const int64_t end = std::min(start + tdro::ROWS, to);
      for (int64_t q = 0; q < Q; q++) {
        const uint32_t* query = queries + q * words;
        uint16_t* counts = out + q * (int64_t)P;
        for (int64_t p = start; p < end; p++) {
          counts[p] = (uint16_t)tdro::differing(query, rows + p * words, words);
        }
      }
    }
  });
}
