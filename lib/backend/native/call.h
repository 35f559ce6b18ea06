// What a kernel sees of one call, and how it becomes a TensorFlow op.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "tensorflow.h"

namespace tdro {

// Inputs are float tensors first, then int32 ones, and last a vector of
// settings. Numbers that change from call to call must not be attributes:
// TensorFlow keeps a kernel for each set of attributes it has ever seen.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context) {
    const int count = TF_NumInputs(context);
    inputs_.resize(count);
    for (int i = 0; i < count; i++) {
      TF_GetInput(context, i, &inputs_[i], status_);
    }
  }
  ~Call() {
    for (TF_Tensor* tensor : inputs_) TF_DeleteTensor(tensor);
    for (TF_Tensor* tensor : temporary_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }

  int inputs() const { return (int)inputs_.size() - 1; }
  int64_t size(int i) const { return TF_TensorElementCount(inputs_[i]); }
  int64_t dim(int i, int d) const { return TF_Dim(inputs_[i], d); }
  const float* in(int i) const { return (float*)TF_TensorData(inputs_[i]); }
  // For the optimiser alone: its caller has made sure that nobody else looks.
  float* inPlace(int i) const { return (float*)TF_TensorData(inputs_[i]); }
  const int32_t* ints(int i) const {
    return (int32_t*)TF_TensorData(inputs_[i]);
  }
  // Null where the caller passed an empty tensor for "none".
  const float* optional(int i) const { return size(i) ? in(i) : nullptr; }
  float setting(int k) const { return in(inputs())[k]; }

  float* out(int i, const std::vector<int64_t>& dims) {
    int64_t count = 1;
    for (int64_t d : dims) count *= d;
    TF_Tensor* tensor =
        TF_AllocateOutput(context_, i, TF_FLOAT, dims.data(), (int)dims.size(),
                          count * sizeof(float), status_);
    if (!tensor) throw std::runtime_error(TF_Message(status_));
    float* data = (float*)TF_TensorData(tensor);
    TF_DeleteTensor(tensor);  // the context holds it
    return data;
  }
  float* outLike(int i, int input) {
    std::vector<int64_t> dims(TF_NumDims(inputs_[input]));
    for (size_t d = 0; d < dims.size(); d++) dims[d] = dim(input, (int)d);
    return out(i, dims);
  }
  // Memory for the length of the call, from whoever gives the op's tensors.
  template <class T = float>
  T* temporary(int64_t count) {
    const int64_t floats =
        (count * (int64_t)sizeof(T) + (int64_t)sizeof(float) - 1) /
        (int64_t)sizeof(float);
    TF_AllocatorAttributes attributes{sizeof attributes, 0};
    TF_Tensor* tensor = TF_AllocateTemp(context_, TF_FLOAT, &floats, 1,
                                        &attributes, status_);
    if (!tensor) throw std::runtime_error(TF_Message(status_));
    temporary_.push_back(tensor);
    return (T*)TF_TensorData(tensor);
  }

 private:
  TF_OpKernelContext* context_;
  TF_Status* status_ = TF_NewStatus();
  std::vector<TF_Tensor*> inputs_, temporary_;
};

// How many inputs and outputs an op has; `list`: any number of float inputs,
// `results`: any number of outputs.
struct Signature {
  int floats = 0;
  int ints = 0;
  int outputs = 1;
  bool list = false;
  bool results = false;
};

using Kernel = void (*)(Call&);

inline void define(const char* name, const Signature& signature,
                   const char* settings = "float") {
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(name);
  const auto inputs = [&](const char* letter, int count, const char* type) {
    for (int i = 0; i < count; i++) {
      const std::string text = letter + std::to_string(i) + ": " + type;
      TF_OpDefinitionBuilderAddInput(op, text.c_str());
    }
  };
  if (signature.list) {
    TF_OpDefinitionBuilderAddAttr(op, "N: int >= 1");
    TF_OpDefinitionBuilderAddInput(op, "x: N * float");
  }
  inputs("x", signature.list ? 0 : signature.floats, "float");
  inputs("i", signature.ints, "int32");
  TF_OpDefinitionBuilderAddInput(
      op, (std::string("settings: ") + settings).c_str());
  if (signature.results) {
    TF_OpDefinitionBuilderAddAttr(op, "M: int >= 1");
    TF_OpDefinitionBuilderAddOutput(op, "y: M * float");
  }
  for (int i = 0; i < (signature.results ? 0 : signature.outputs); i++) {
    const std::string text = "y" + std::to_string(i) + ": float";
    TF_OpDefinitionBuilderAddOutput(op, text.c_str());
  }
  // Else TensorFlow might think that two calls alike may be made one.
  TF_OpDefinitionBuilderSetIsStateful(op, true);
  TF_Status* status = TF_NewStatus();
  TF_RegisterOpDefinition(op, status);
  TF_DeleteStatus(status);
}

// The op fails with what the kernel throws.
template <class C, void (*kernel)(C&)>
void compute(void*, TF_OpKernelContext* context) {
  try {
    C call(context);
    kernel(call);
  } catch (const std::exception& error) {
    TF_Status* status = TF_NewStatus();
    TF_SetStatus(status, 13 /* internal */, error.what());
    TF_OpKernelContext_Failure(context, status);
    TF_DeleteStatus(status);
  }
}

// A static of this type registers the op when the library is loaded.
template <Kernel kernel>
struct Op {
  Op(const char* name, Signature signature) {
    define(name, signature);
    TF_Status* status = TF_NewStatus();
    TF_RegisterKernelBuilder(
        name,
        TF_NewKernelBuilder(name, "CPU", nullptr, compute<Call, kernel>, nullptr),
        status);
    TF_DeleteStatus(status);
  }
};

}  // namespace tdro
