#pragma once
#include <cstdint>
#include <cstdlib>
#include <new>

namespace tdro {

// Memory on the boundary of a page that grows and is used again.
class Buffer {
 public:
  ~Buffer() { std::free(data_); }
  char* bytes(int64_t count) {
    if (count > size_) {
      std::free(data_);
      size_ = (count + 4095) / 4096 * 4096;
      data_ = (char*)std::aligned_alloc(4096, size_);
      if (!data_) throw std::bad_alloc();
    }
    return data_;
  }
  float* floats(int64_t count) { return (float*)bytes(count * sizeof(float)); }

 private:
  char* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace tdro
