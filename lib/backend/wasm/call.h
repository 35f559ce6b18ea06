// What a kernel sees of one call in WebAssembly: the same as `native/call.h`
// shows, of tensors in tfjs's memory.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

// Functions of `run_wasm.ts`.
extern "C" {
// Makes result i, a float tensor, and returns its numbers.
[[clang::import_name("output")]] float* tdroOutput(int32_t i, int32_t rank,
                                                   const int32_t* dims);
}

namespace tdro {

// As `run_wasm.ts` writes it.
struct Input {
  void* data;
  int32_t size, rank;
  int32_t dims[6];
};

// Inputs are float tensors first, then int32 ones, and last a vector of
// settings.
class Call {
 public:
  Call(const Input* inputs, int count) : inputs_(inputs), count_(count) {}
  ~Call() {
    for (void* memory : temporary_) ::operator delete(memory);
  }
  Call(const Call&) = delete;

  int inputs() const { return count_ - 1; }
  int64_t size(int i) const { return inputs_[i].size; }
  int64_t dim(int i, int d) const { return inputs_[i].dims[d]; }
  const float* in(int i) const { return (float*)inputs_[i].data; }
  // For the optimiser alone: its caller has made sure that nobody else looks.
  float* inPlace(int i) const { return (float*)inputs_[i].data; }
  const int32_t* ints(int i) const { return (int32_t*)inputs_[i].data; }
  // Null where the caller passed an empty tensor for "none".
  const float* optional(int i) const { return size(i) ? in(i) : nullptr; }
  float setting(int k) const { return in(inputs())[k]; }

  float* out(int i, const std::vector<int64_t>& dims) {
    int32_t sizes[6];
    int32_t rank = 0;
    for (int64_t d : dims) sizes[rank++] = (int32_t)d;
    return tdroOutput(i, rank, sizes);
  }
  float* outLike(int i, int input) {
    return tdroOutput(i, inputs_[input].rank, inputs_[input].dims);
  }
  // Memory for the length of the call.
  template <class T = float>
  T* temporary(int64_t count) {
    temporary_.push_back(::operator new(count * sizeof(T)));
    return (T*)temporary_.back();
  }

 private:
  const Input* inputs_;
  const int count_;
  std::vector<void*> temporary_;
};

// See `native/call.h`; here only names count.
struct Signature {
  int floats = 0;
  int ints = 0;
  int outputs = 1;
  bool list = false;
  bool results = false;
};

using Kernel = void (*)(Call&);

// Keeps a kernel under its name.
void define(const char* name, Kernel kernel);

// A static of this type makes a kernel known when the module is started.
template <Kernel kernel>
struct Op {
  Op(const char* name, Signature) { define(name, kernel); }
};

}  // namespace tdro
