// Which engine multiplies on this processor.
#pragma once
#include "gemm.h"
#include "vectors.h"
#if TDRO_LANES == 16 && defined(__AMX_BF16__) && \
    defined(__AMX_INT8__) && defined(__linux__)
#define TDRO_TILES 1
#include "digits.h"
#endif

namespace tdro {

inline bool hasTiles() {
#ifdef TDRO_TILES
  return tilesGranted();
#else
  return false;
#endif
}

// Calls use(engine) with the fastest for `parts` (see gemm.h). SMALL: for the few
// steps of k of an attention head, whose shares reach from 1 to next to nothing.
template <bool SMALL = false, class Use>
void withEngine(int parts, Use use) {
  if (parts == 2) return use(Vectors<Shorts>{});
#ifdef TDRO_TILES
  if (hasTiles()) {
    if (parts == 1) return use(Tiles<1>{});
    if constexpr (SMALL) return use(Tiles<3>{});
    else return use(Digits{});
  }
#endif
  if (parts == 3) return use(Vectors<Floats>{});
#ifdef TDRO_PAIRS
  use(Vectors<Pairs>{});
#else
  use(Vectors<Rounded>{});
#endif
}

// The engine by its number in `_native.ts`.
inline int engineNumber() { return hasTiles() ? 0 : TDRO_LANES; }

}  // namespace tdro
