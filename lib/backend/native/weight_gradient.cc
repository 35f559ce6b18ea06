#include "weight_gradient.h"

#include "column_sum.h"
#include "engine.h"

namespace tdro {

void weightGradient(const float* dy, int64_t N, const float* x, int64_t D,
                    int64_t T, int parts, float* dWeight, float* dBias) {
  static const float one = 1;
  std::vector<Right> rights;
  if (dWeight) rights.push_back({{x, D, false}, dWeight, D});
  // Tiles multiply faster than dy is read once more: the bias is a weight of an
  // input that is always 1. (bfloat16 would round what it sums.)
  if (dWeight && dBias && parts == 3 && hasTiles()) {
    rights.push_back({{&one, 0, false}, dBias, 1});
    dBias = nullptr;
  }
  if (dWeight) gemm({dy, N, true}, rights, N, T, parts);
  if (dBias) columnSum(dy, T, N, dBias);
}

}  // namespace tdro
