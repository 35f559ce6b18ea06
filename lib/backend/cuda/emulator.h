// Plays CUDA kernels on the processor, one thread of a block after the other:
// slow, and exact. So the tests run the very kernels on machines without a GPU.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __launch_bounds__(...)
#define __noinline__
#define SHARED(name) float* name = tdro::blockMemory()

struct alignas(16) float4 { float x, y, z, w; };
struct alignas(8) ushort4 { uint16_t x, y, z, w; };

namespace tdro {

struct Index { int x = 1, y = 1, z = 1; };

// Runs `body` for every thread of every block.
void emulate(Index grid, int threads, int bytes,
             const std::function<void()>& body);

float* blockMemory();
// Waits for the threads of the block, or of the warp.
void waitForBlock();
void waitForWarp();
// Where lane `lane` of this thread's warp leaves a number for the others.
float& slotOf(int lane);

}  // namespace tdro

extern tdro::Index threadIdx, blockIdx, gridDim;

inline void __syncthreads() { tdro::waitForBlock(); }
inline float __shfl_xor_sync(uint32_t, float x, int mask) {
  const int lane = threadIdx.x % 32;
  tdro::slotOf(lane) = x;
  tdro::waitForWarp();
  const float other = tdro::slotOf(lane ^ mask);
  tdro::waitForWarp();
  return other;
}
inline float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678f); }
inline uint32_t __float_as_uint(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
inline float __uint_as_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
