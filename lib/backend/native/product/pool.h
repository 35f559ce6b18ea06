// Threads for kernels: TensorFlow's C API lends none of its own.
#pragma once
#include <cstdint>
#include <functional>

namespace tdro {

// Runs task(0) … task(count - 1) on all cores, the caller's thread among them,
// and returns when all are done. Tasks are handed out one by one, so a core
// that is busy with other programs takes fewer.
void parallelFor(int64_t count, const std::function<void(int64_t)>& task);

// The same over [0, size) in ranges of at least `grain`: range(begin, end).
void parallelRanges(int64_t size, int64_t grain,
                    const std::function<void(int64_t, int64_t)>& range);

// Threads that take part.
int threadCount();

}  // namespace tdro
