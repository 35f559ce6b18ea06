#include "gradient.h"

namespace tdro {

Gradients gradientOf(GpuCall& call, RowPass pass, int64_t rows, int64_t D,
                     int parts, const Sums& sums) {
  const bool two = pass.form == RowPass::ungated;
  const bool rounded = parts == 1, same = pass.form == RowPass::plain;
  const int64_t count = rows * D;
  Gradients found;
  if (rounded) {
    pass.half = call.temporary<uint16_t>(count);
    if (two) pass.secondHalf = call.temporary<uint16_t>(count);
    found = {{pass.half, D, true}, {pass.secondHalf, D, true}};
  } else if (same) {
    found.first = {pass.x, D, false};
    if (!sums.first) return found;
  } else {
    pass.y = call.temporary(count);
    if (two) pass.second = call.temporary(count);
    found = {{pass.y, D, false}, {pass.second, D, false}};
  }
  if (same && !sums.first) return {operandOf(call, pass.x, rows, D, parts), {}};
  passRows(call, rows, D, pass, sums);
  return found;
}

}  // namespace tdro
