// What kernels need of a standard library, and what `run_wasm.ts` calls.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>

#include "call.h"
#include "memory.h"

namespace tdro {
namespace {

struct Known {
  const char* name;
  Kernel kernel;
};

// Constructors of other files fill it: it must be there before them.
constexpr int MOST = 64;
constinit Known known[MOST] = {};
constinit int count = 0;

}  // namespace

void define(const char* name, Kernel kernel) {
  if (count == MOST) __builtin_trap();
  known[count++] = {name, kernel};
}

}  // namespace tdro

extern "C" {

// Number of the kernel of this name, or -1.
[[clang::export_name("find")]] int32_t tdroFind(const char* name) {
  for (int i = 0; i < tdro::count; i++) {
    if (!std::strcmp(name, tdro::known[i].name)) return i;
  }
  return -1;
}

[[clang::export_name("run")]] void tdroRun(int32_t kernel,
                                           const tdro::Input* inputs,
                                           int32_t count) {
  tdro::Call call(inputs, count);
  tdro::known[kernel].kernel(call);
}

void* memcpy(void* to, const void* from, size_t bytes) {
  __asm__ volatile(
      "local.get %0\nlocal.get %1\nlocal.get %2\nmemory.copy 0, 0" ::"r"(to),
      "r"(from), "r"(bytes));
  return to;
}
void* memmove(void* to, const void* from, size_t bytes) {
  return memcpy(to, from, bytes);
}
void* memset(void* to, int byte, size_t bytes) {
  __asm__ volatile(
      "local.get %0\nlocal.get %1\nlocal.get %2\nmemory.fill 0" ::"r"(to),
      "r"(byte), "r"(bytes));
  return to;
}
int strcmp(const char* a, const char* b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

// x = m · 2^n with m around 1: log m = 2 (s + s³/3 + s⁵/5 + …) of
// s = (m - 1) / (m + 1), |s| < 0.172, in double precision; the terms left out
// come to less than 1e-10.
float logf(float x) {
  if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
  if (x == INFINITY) return x;
  double wide = x;  // no float is too small to be normal as a double
  uint64_t bits;
  std::memcpy(&bits, &wide, sizeof bits);
  int64_t n = (int64_t)(bits >> 52) - 1023;
  bits = (bits & ((1ull << 52) - 1)) | (1023ull << 52);
  double m;
  std::memcpy(&m, &bits, sizeof m);
  if (m > 1.4142135623730951) m /= 2, n++;
  const double s = (m - 1) / (m + 1), q = s * s;
  double sum = 0;
  for (int k = 11; k >= 1; k -= 2) sum = sum * q + 1.0 / k;
  return (float)(n * 0.6931471805599453 + 2 * s * sum);
}

float nextafterf(float x, float to) {
  if (x == to || x != x || to != to) return x == to ? to : NAN;
  int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if (x == 0) bits = to > 0 ? 1 : (int32_t)0x80000001;
  else bits += (x < to) == (x > 0) ? 1 : -1;
  std::memcpy(&x, &bits, sizeof bits);
  return x;
}

// Nothing is ever taken down.
int __cxa_atexit(void (*)(void*), void*, void*) { return 0; }
int __cxa_thread_atexit(void (*)(void*), void*, void*) { return 0; }
void* __dso_handle = nullptr;
void abort() { __builtin_trap(); }
}

void* operator new(size_t bytes) { return tdro::allocate(bytes); }
void operator delete(void* data) noexcept { tdro::release(data); }
void operator delete(void* data, size_t) noexcept { tdro::release(data); }

// The place of what was allocated stands before what it was rounded up to.
void* operator new(size_t bytes, std::align_val_t boundary) {
  const size_t align = (size_t)boundary;
  char* const start = (char*)tdro::allocate(bytes + align + sizeof(void*));
  char* data = start + sizeof(void*);
  data += -(uintptr_t)data & (align - 1);
  std::memcpy(data - sizeof(void*), &start, sizeof start);
  return data;
}
void operator delete(void* data, std::align_val_t) noexcept {
  if (!data) return;
  void* start;
  std::memcpy(&start, (char*)data - sizeof(void*), sizeof start);
  tdro::release(start);
}

namespace std {
inline namespace __1 {
[[noreturn]] void __libcpp_verbose_abort(const char*, ...) noexcept {
  __builtin_trap();
}
}  // namespace __1
}  // namespace std
