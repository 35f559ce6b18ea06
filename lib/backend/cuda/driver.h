// The GPU as the host sees it: the driver and cuBLAS, both loaded by whoever
// loaded TensorFlow, so that nothing of CUDA is needed to compile this.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

#include "emulator.h"

struct TF_OpKernelContext;

namespace tdro {

// What goes wrong on a GPU; the op fails with its text.
struct GpuError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Stream = void*;

// The stream that TensorFlow computes in.
Stream streamOf(TF_OpKernelContext* context);

// Bytes of memory that a block may have.
int blockLimit();

// Starts a kernel by its name; `bytes`: of its blocks' memory.
void launchKernel(Stream stream, const char* name, Index grid, int bytes,
                  void** arguments);

// Copies to the GPU without waiting for it; `from` may change at once.
void copyToGpu(Stream stream, const void* from, void* to, size_t bytes);

// C [M, N] = scale · op(A) · op(B), all row by row, added to what C holds if
// `onto`; `rounded`: A and B are bfloat16. Strides are those of the stored rows.
struct Product {
  const void *a, *b;
  float* c;
  int M, N, K;
  int strideA, strideB;
  bool transposeA, transposeB, rounded, onto;
  float scale;
};
void product(Stream stream, const Product& product);

}  // namespace tdro
