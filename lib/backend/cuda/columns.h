// One pass over the rows of [rows, D]: what is made of each number, rounded and
// added up column by column on the way.
#pragma once
#include "gpu_call.h"
#include "row_pass.h"

namespace tdro {

struct Sums {
  float* first = nullptr;   // [D], of the pass's first result; or not wanted
  float* second = nullptr;  // [D], of its second
};

// Sums come in a fixed order: the same bits every time.
void passRows(GpuCall& call, int64_t rows, int64_t D, const RowPass& pass,
              const Sums& sums);

}  // namespace tdro
