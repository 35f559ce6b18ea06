// A gradient made ready for its products.
#pragma once
#include "columns.h"
#include "product.h"

namespace tdro {

struct Gradients {
  Operand first, second;
};

// What `pass` makes of [rows, D], as operands; and its sums, in the same pass.
Gradients gradientOf(GpuCall& call, RowPass pass, int64_t rows, int64_t D,
                     Precision precision, const Sums& sums);

}  // namespace tdro
