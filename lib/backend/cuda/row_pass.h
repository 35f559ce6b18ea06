// What a pass over rows makes of each number g of x.
#pragma once
#include "device.h"

struct RowPass {
  enum Form {
    plain,    // g
    norm,     // g, and g · (value - mean) · scale
    slope,    // g · f'(gate)
    ungated,  // g · f(gate), and g · up · f'(gate)
  };

  const float* x;
  Form form = plain;
  int activation = 0;
  const float *gate = nullptr, *up = nullptr;
  // Of a norm: its input, and each row's mean (or none) and scale.
  const float *value = nullptr, *means = nullptr, *scales = nullptr;
  // Where the results go, in float32 or rounded; or nowhere.
  float *y = nullptr, *second = nullptr;
  uint16_t *half = nullptr, *secondHalf = nullptr;
};
