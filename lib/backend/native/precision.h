// What matrix products multiply.
#pragma once

namespace tdro {

// The numbers are those of PRECISION_CODES in native_state.ts.
enum class Precision {
  bfloat16 = 1,  // both sides are rounded to it, sums are float32
  int16 = 2,     // whole numbers of at most ±32767, whose sums stay within 32
                 // bits; they are exact (but for their rounding to a float)
  float32 = 3,   // on tiles it is made of digits, see digits.h
};

// As one of a call's settings tells it.
inline Precision precisionOf(float setting) {
  return (Precision)(int)setting;
}

}  // namespace tdro
