#pragma once
#include <cstdint>
#include <new>

namespace tdro {

// Memory on the boundary of a page that grows and is used again.
class Buffer {
 public:
  ~Buffer() { release(); }
  char* bytes(int64_t count) {
    if (count > size_) {
      release();
      size_ = (count + 4095) / 4096 * 4096;
      data_ = (char*)::operator new(size_, PAGE);
    }
    return data_;
  }
  float* floats(int64_t count) { return (float*)bytes(count * sizeof(float)); }

 private:
  static constexpr std::align_val_t PAGE{4096};

  void release() {
    if (data_) ::operator delete(data_, PAGE);
    data_ = nullptr;
    size_ = 0;
  }

  char* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace tdro
