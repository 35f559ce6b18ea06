#include "driver.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>

#include "device.h"

namespace tdro {
namespace {

// Functions of a library that is there already, by name.
template <class F>
F find(const char* library, const char* name) {
  void* handle = dlopen(library, RTLD_NOW);
  void* symbol = handle ? dlsym(handle, name) : nullptr;
  if (!symbol) {
    throw GpuError(std::string("there is no ") + name + " in " + library);
  }
  return (F)symbol;
}

#define DRIVER(name) find<decltype(&name)>("libcuda.so.1", #name)
#define CUBLAS(name) find<decltype(&name)>("libcublas.so.12", #name)

// The driver's interface and cuBLAS's, as far as it goes here.
extern "C" {
int cuModuleLoadData(void** module, const void* image);
int cuModuleGetFunction(void** function, void* module, const char* name);
int cuFuncSetAttribute(void* function, int attribute, int value);
int cuLaunchKernel(void* function, unsigned gridX, unsigned gridY,
                   unsigned gridZ, unsigned blockX, unsigned blockY,
                   unsigned blockZ, unsigned bytes, void* stream,
                   void** arguments, void** extra);
int cuMemHostAlloc(void** memory, size_t bytes, unsigned flags);
int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes,
                         void* stream);
int cuStreamSynchronize(void* stream);
int cuCtxGetDevice(int* device);
int cuDeviceGetAttribute(int* value, int attribute, int device);
int cuGetErrorName(int error, const char** name);
int cublasCreate_v2(void** handle);
int cublasSetStream_v2(void* handle, void* stream);
int cublasGemmEx(void* handle, int transposeA, int transposeB, int m, int n,
                 int k, const void* alpha, const void* a, int typeA, int lda,
                 const void* b, int typeB, int ldb, const void* beta, void* c,
                 int typeC, int ldc, int compute, int algorithm);
}

void check(int error, const std::string& what) {
  if (error == 0) return;
  const char* name = nullptr;
  DRIVER(cuGetErrorName)(error, &name);
  throw GpuError(what + ": " + (name ? name : std::to_string(error)));
}

std::string image;  // the compiled kernels
std::mutex lock;    // of all that follows

// A kernel, and whether it may use the block's memory beyond 48 KiB.
struct Function {
  void* handle;
  int bytes;
};

Function& functionOf(const char* name) {
  static void* module = nullptr;
  // Names are literals; two kernels never share one.
  static std::map<std::string_view, Function> known;
  if (const auto at = known.find(name); at != known.end()) return at->second;
  if (!module) {
    check(DRIVER(cuModuleLoadData)(&module, image.data()),
          "cannot load the kernels");
  }
  void* handle = nullptr;
  check(DRIVER(cuModuleGetFunction)(&handle, module, name),
        std::string("cannot find kernel ") + name);
  return known[name] = {handle, 48 << 10};
}

}  // namespace

int blockLimit() {
#ifdef TDRO_EMULATED
  // That of an older GPU where the tests ask for it.
  const char* wanted = std::getenv("TDRO_EMULATED_BLOCK");
  return wanted ? std::atoi(wanted) : 99 << 10;
#else
  static const int limit = [] {
    int device = 0, bytes = 0;
    check(DRIVER(cuCtxGetDevice)(&device), "cannot look at the GPU");
    check(DRIVER(cuDeviceGetAttribute)(&bytes, 97 /* opt-in, per block */,
                                       device),
          "cannot look at the GPU");
    return bytes;
  }();
  return limit;
#endif
}

void launchKernel(Stream stream, const char* name, Index grid, int bytes,
                  void** arguments) {
  static const auto start = DRIVER(cuLaunchKernel);
  static const auto allow = DRIVER(cuFuncSetAttribute);
  std::lock_guard guard(lock);
  Function& function = functionOf(name);
  if (bytes > function.bytes) {
    check(allow(function.handle, 8 /* dynamic shared memory */, bytes),
          std::string("no memory for the blocks of ") + name);
    function.bytes = bytes;
  }
  check(start(function.handle, grid.x, grid.y, grid.z, THREADS, 1, 1, bytes,
              stream, arguments, nullptr),
        std::string("cannot start ") + name);
}

void copyToGpu(Stream stream, const void* from, void* to, size_t bytes) {
  static const auto allocate = DRIVER(cuMemHostAlloc);
  static const auto copy = DRIVER(cuMemcpyHtoDAsync_v2);
  static const auto wait = DRIVER(cuStreamSynchronize);
  // Copies from memory that can't move don't hold up the processor: a ring of
  // it, waited for when it comes round.
  constexpr size_t RING = 4 << 20;
  static char* ring = nullptr;
  static size_t at = 0;
  std::lock_guard guard(lock);
  if (!ring) {
    check(allocate((void**)&ring, RING, 0), "cannot get memory for copies");
  }
  if (bytes > RING) {
    // Such a copy returns when the memory may change.
    check(copy((uint64_t)to, from, bytes, stream), "cannot copy to the GPU");
    check(wait(stream), "cannot copy to the GPU");
    return;
  }
  if (at + bytes > RING) {
    check(wait(stream), "cannot copy to the GPU");
    at = 0;
  }
  memcpy(ring + at, from, bytes);
  check(copy((uint64_t)to, ring + at, bytes, stream), "cannot copy to the GPU");
  at += (bytes + 15) / 16 * 16;
}

#ifdef TDRO_EMULATED
void product(Stream, const Product& p) {
  const auto number = [&](const void* x, int64_t i) {
    return p.rounded ? __uint_as_float((uint32_t)((uint16_t*)x)[i] << 16)
                     : ((float*)x)[i];
  };
  for (int64_t m = 0; m < p.M; m++) {
    for (int64_t n = 0; n < p.N; n++) {
      double sum = 0;
      for (int64_t k = 0; k < p.K; k++) {
        sum += (double)number(p.a, p.transposeA ? k * p.strideA + m
                                                : m * p.strideA + k) *
               number(p.b, p.transposeB ? n * p.strideB + k
                                        : k * p.strideB + n);
      }
      float& c = p.c[m * p.N + n];
      c = (float)(sum * p.scale) + (p.onto ? c : 0.0f);
    }
  }
}
#else
void product(Stream stream, const Product& p) {
  static const auto create = CUBLAS(cublasCreate_v2);
  static const auto setStream = CUBLAS(cublasSetStream_v2);
  static const auto gemm = CUBLAS(cublasGemmEx);
  static void* handle = nullptr;
  constexpr int FLOAT = 0, BFLOAT16 = 14, COMPUTE_FLOAT = 68;
  std::lock_guard guard(lock);
  const auto checkBlas = [&](int error) {
    constexpr int NOT_SUPPORTED = 15;
    if (error == NOT_SUPPORTED && p.rounded) {
      throw GpuError("this GPU multiplies no bfloat16: use float32");
    }
    if (error) throw GpuError("cuBLAS fails: error " + std::to_string(error));
  };
  if (!handle) checkBlas(create(&handle));
  checkBlas(setStream(handle, stream));
  // cuBLAS reads column by column, so what it sees are transposes: Cᵀ = Bᵀ Aᵀ.
  const int type = p.rounded ? BFLOAT16 : FLOAT;
  const float before = p.onto ? 1 : 0;
  checkBlas(gemm(handle, p.transposeB, p.transposeA, p.N, p.M, p.K, &p.scale,
                 p.b, type, p.strideB, p.a, type, p.strideA, &before, p.c, FLOAT,
                 p.N, COMPUTE_FLOAT, -1));
}
#endif

#ifndef TDRO_EMULATED
// OpKernelContext::eigen_device<Eigen::GpuDevice>(), of which we look at the
// first member alone, an Eigen::StreamInterface.
void** const& gpuDeviceOf(const void* context) __asm__(
    "_ZNK10tensorflow15OpKernelContext12eigen_deviceIN5Eigen9GpuDeviceEEERKT_"
    "v");

Stream streamOf(TF_OpKernelContext* context) {
  // TensorFlow's C interface tells the stream of plug-in devices only. The
  // interface's `stream()` comes after the two functions of its destructor.
  void** interface = gpuDeviceOf(context);
  using StreamOf = Stream const& (*)(const void*);
  return (*(StreamOf**)interface)[2](interface);
}
#endif

// Takes the compiled kernels; they are loaded by the first launch, when
// TensorFlow has made its GPU the current one.
extern "C" void tdroKernels(const char* data, int64_t bytes) {
  image.assign(data, bytes);
}

}  // namespace tdro
