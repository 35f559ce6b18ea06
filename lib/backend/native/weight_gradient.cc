#include "weight_gradient.h"

#include "column_sum.h"
#include "engine.h"

namespace tdro {

void weightGradient(const float* dy, int64_t N, const float* x, int64_t D,
                    int64_t T, int parts, float* dWeight, float* dBias) {
  static const float one = 1;
  std::vector<Right> rights;
  if (dWeight) rights.push_back({{x, D, false}, dWeight, D});
  // Where products cost next to nothing, the bias is a weight of an input that is
  // always 1: dy is not read once more.
  if (dWeight && dBias && parts == 3 && engineNumber() == 0) {
    rights.push_back({{&one, 0, false}, dBias, 1});
    dBias = nullptr;
  }
  if (dWeight) gemm({dy, N, true}, rights, N, T, parts);
  if (dBias) columnSum(dy, T, N, dBias);
}

}  // namespace tdro
