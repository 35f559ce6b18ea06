#include "weight_gradient.h"

#include "column_sum.h"
#include "engine.h"

namespace tdro {

void weightGradient(const float* dy, int64_t N, const float* x, int64_t D,
                    int64_t T, Precision precision, float* dWeight,
                    float* dBias) {
  static const float one = 1;
  std::vector<RightSide> sides;
  if (dWeight) sides.push_back({{x, D, false}, dWeight, D});
  // Tiles multiply faster than dy is read once more: the bias is a weight of an
  // input that is always 1. (bfloat16 would round what it sums.)
  if (dWeight && dBias && precision == Precision::float32 && hasTiles()) {
    sides.push_back({{&one, 0, false}, dBias, 1});
    dBias = nullptr;
  }
  if (dWeight) gemm({dy, N, true}, sides, N, T, precision);
  if (dBias) columnSum(dy, T, N, dBias);
}

}  // namespace tdro
