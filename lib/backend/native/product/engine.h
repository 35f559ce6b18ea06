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

// Calls use(engine) with the fastest for `precision`. SMALL: for the few
// steps of k of an attention head, whose shares reach from 1 to next to nothing.
template <bool SMALL = false, class Use>
void withEngine(Precision precision, Use use) {
  if (precision == Precision::int16) return use(Vectors<Shorts>{});
#ifdef TDRO_TILES
  if (hasTiles()) {
    if (precision == Precision::bfloat16) return use(AmxTiles<1>{});
    if constexpr (SMALL) return use(AmxTiles<3>{});
    else return use(Digits{});
  }
#endif
  if (precision == Precision::float32) return use(Vectors<Floats>{});
#ifdef TDRO_PAIRS
  use(Vectors<Pairs>{});
#else
  use(Vectors<Rounded>{});
#endif
}

// The engine by its number in `native_state.ts`.
inline int engineNumber() { return hasTiles() ? 0 : TDRO_LANES; }

}  // namespace tdro
