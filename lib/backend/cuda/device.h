// What the kernels are written against: CUDA's compiler, or plain C++ that plays
// one block after the other (see emulator.h). Every `.cu` file holds both sides
// of its kernels: NVIDIA's compiler sees what runs on the GPU, g++ all of it.
#pragma once
#ifdef __CUDACC_RTC__
typedef int int32_t;
typedef unsigned int uint32_t;
typedef unsigned short uint16_t;
typedef long int64_t;
#define INFINITY __int_as_float(0x7f800000)
// The block's memory, as many bytes as the launch asked for.
#define SHARED(name) extern __shared__ float4 name##_[]; \
  float* name = reinterpret_cast<float*>(name##_)
#else
#include "emulator.h"
#endif

// Threads of a block, in all kernels.
#define THREADS 256

// This thread's number among all of the launch.
__device__ inline int64_t threadNumber() {
  return (int64_t)blockIdx.x * THREADS + threadIdx.x;
}

// The warp's sum and largest number, in every lane; always in the same order.
__device__ inline float warpSum(float x) {
  for (int s = 16; s > 0; s /= 2) x += __shfl_xor_sync(0xffffffffu, x, s);
  return x;
}
__device__ inline float warpMost(float x) {
  for (int s = 16; s > 0; s /= 2) {
    x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, s));
  }
  return x;
}
