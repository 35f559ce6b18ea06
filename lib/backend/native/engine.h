// Which engine multiplies on this processor.
#pragma once
#include "gemm.h"
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define TDRO_VECTORS 1
#include "vectors.h"
#endif
#if defined(TDRO_VECTORS) && defined(__AMX_BF16__) && \
    defined(__AVX512BF16__) && defined(__linux__)
#define TDRO_TILES 1
#include "tiles.h"
#endif

namespace tdro {

// Calls use(engine) with the fastest for `parts` (see gemm.h); false if there is
// none, and nothing was done.
template <class Use>
bool withEngine(int parts, Use use) {
#ifdef TDRO_TILES
  if (engineFor(parts) == Engine::tiles) {
    parts == 1 ? use(Tiles<1>{}) : use(Tiles<3>{});
    return true;
  }
#endif
#ifdef TDRO_VECTORS
  if (engineFor(parts) == Engine::vectors) {
#ifdef __AVX512BF16__
    if (parts == 1) return use(Vectors<Pairs>{}), true;
#endif
    return use(Vectors<Floats>{}), true;
  }
#endif
  return false;
}

}  // namespace tdro
