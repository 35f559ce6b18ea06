#include "gradient.h"

namespace tdro {

Gradients gradientOf(GpuCall& call, RowPass pass, int64_t rows, int64_t D,
                     Precision precision, const Sums& sums) {
  const bool plain = pass.form == RowPass::plain;
  const bool rounded = precision == Precision::bfloat16;
  if (plain && !sums.first) {
    return {operandOf(call, pass.x, rows, D, precision), {}};
  }
  const auto result = [&](float*& whole, uint16_t*& half) -> Operand {
    if (rounded) half = call.temporary<uint16_t>(rows * D);
    else whole = call.temporary(rows * D);
    return {rounded ? (void*)half : whole, D, rounded};
  };
  Gradients found;
  // In float32 a gradient of which nothing is made is multiplied where it lies.
  if (plain && !rounded) found.first = {pass.x, D, false};
  else found.first = result(pass.y, pass.half);
  if (pass.form == RowPass::ungated) {
    found.second = result(pass.second, pass.secondHalf);
  }
  passRows(call, rows, D, pass, sums);
  return found;
}

}  // namespace tdro
