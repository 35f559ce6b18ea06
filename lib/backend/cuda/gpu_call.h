// A kernel's call on the GPU: what `Call` has, and launches.
#pragma once
#include <tuple>
#include <utility>

#include "call.h"
#include "device.h"
#include "driver.h"

namespace tdro {

// A kernel by name and type.
template <class... P>
struct Launchable {
  const char* name;
  void (*function)(P...);
};
template <class... P>
Launchable<P...> launchable(const char* name, void (*function)(P...)) {
  return {name, function};
}
#define KERNEL(name) ::tdro::launchable(#name, name)

inline int ceilDiv(int64_t a, int64_t b) { return (int)((a + b - 1) / b); }

class GpuCall : public Call {
 public:
  explicit GpuCall(TF_OpKernelContext* context) : Call(context) {
#ifndef TDRO_EMULATED
    stream_ = streamOf(context);
#endif
  }

  // `bytes`: of the block's memory.
  template <class... P, class... A>
  void launch(Launchable<P...> kernel, Index grid, int bytes, A... arguments) {
    if (grid.x < 1 || grid.y < 1 || grid.z < 1) return;
    std::tuple<P...> values(arguments...);
#ifdef TDRO_EMULATED
    emulate(grid, THREADS, bytes, [&] { std::apply(kernel.function, values); });
#else
    std::apply(
        [&](P&... value) {
          void* pointers[] = {(void*)&value...};
          launchKernel(stream_, kernel.name, grid, bytes, pointers);
        },
        values);
#endif
  }
  // A thread for each of `count` numbers.
  template <class... P, class... A>
  void launchFor(int64_t count, Launchable<P...> kernel, A... arguments) {
    launch(kernel, {ceilDiv(count, THREADS), 1, 1}, 0, arguments...);
  }

  // A copy on the GPU for the length of the call.
  template <class T>
  T* toGpu(const T* values, int64_t count) {
    T* copy = temporary<T>(count);
#ifdef TDRO_EMULATED
    memcpy(copy, values, count * sizeof(T));
#else
    copyToGpu(stream_, values, copy, count * sizeof(T));
#endif
    return copy;
  }
  template <class T>
  T* toGpu(const std::vector<T>& values) {
    return toGpu(values.data(), (int64_t)values.size());
  }
  Stream stream() const { return stream_; }

 private:
  Stream stream_ = nullptr;
};

using GpuKernel = void (*)(GpuCall&);

// A static of this type registers the op when the library is loaded. Settings
// come as integers of the same bits: TensorFlow leaves those where they are, and
// floats it would move to the GPU.
template <GpuKernel kernel>
struct GpuOp {
  GpuOp(const char* name, Signature signature) {
    define(name, signature, "int32");
#ifdef TDRO_EMULATED
    const char* device = "CPU";
#else
    const char* device = "GPU";
#endif
    TF_KernelBuilder* builder = TF_NewKernelBuilder(
        name, device, nullptr, compute<GpuCall, kernel>, nullptr);
    for (int i = 0; i < signature.ints; i++) {
      const std::string input = "i" + std::to_string(i);
      TF_KernelBuilder_HostMemory(builder, input.c_str());
    }
    TF_KernelBuilder_HostMemory(builder, "settings");
    TF_Status* status = TF_NewStatus();
    TF_RegisterKernelBuilder(name, builder, status);
    TF_DeleteStatus(status);
  }
};

}  // namespace tdro
