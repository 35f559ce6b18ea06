// Memory from tfjs, which only the main thread may ask for some.
#pragma once
#include <cstddef>

namespace tdro {

void* allocate(size_t bytes);
void release(void* data);

}  // namespace tdro
