// Sums over the rows of [rows, D], column by column.
#pragma once
#include "gpu_call.h"

namespace tdro {

struct Columns {
  int64_t rows, D;
  const float* dy;
  // With these, also the sums of dy · (x - mean) · scale.
  const float* x = nullptr;
  const float* means = nullptr;
  const float* scales = nullptr;
  float* sums = nullptr;      // [D], or not wanted
  float* products = nullptr;  // [D], or not wanted
};

// In a fixed order: the same bits every time.
void sumColumns(GpuCall& call, const Columns& columns);

}  // namespace tdro
