#include "pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

namespace tdro {
namespace {

// Whether a thread takes the smallest numbers (below 1e-38) for 0, and how it rounds.
// A new thread has it from whoever started it, and some of TensorFlow's do so. All
// that share a round must do as its caller, or a result depended on who computed it.
#if defined(__x86_64__)
using FloatMode = unsigned;
FloatMode floatMode() { return __builtin_ia32_stmxcsr() & ~0x3fu; }
void setFloatMode(FloatMode mode) { __builtin_ia32_ldmxcsr(mode); }
#elif defined(__aarch64__)
using FloatMode = uint64_t;
FloatMode floatMode() {
  FloatMode mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
void setFloatMode(FloatMode mode) { __asm__ volatile("msr fpcr, %0" ::"r"(mode)); }
#else
using FloatMode = int;
FloatMode floatMode() { return 0; }
void setFloatMode(FloatMode) {}
#endif

// One round of work. Workers hold it by a shared pointer, so a late one finds
// a finished round, never the next one's tasks.
struct Round {
  int64_t count;
  const std::function<void(int64_t)>* task;
  FloatMode mode;
  std::atomic<int64_t> next{0};
  std::atomic<int64_t> done{0};

  void work() {
    for (int64_t i; (i = next.fetch_add(1)) < count;) {
      (*task)(i);
      done.fetch_add(1);
    }
  }
};

// Times to look before another thread is let go first.
constexpr int LOOKS = 2000;

class Pool {
 public:
  Pool(int workers, bool crowded) : crowded_(crowded) {
    for (int i = 0; i < workers; i++) {
      std::thread([this] { serve(); }).detach();
    }
  }

  // False if another thread is using the pool.
  bool run(int64_t count, const std::function<void(int64_t)>& task) {
    std::unique_lock<std::mutex> busy(busy_, std::try_to_lock);
    if (!busy) return false;
    auto round = std::make_shared<Round>();
    round->count = count;
    round->task = &task;
    round->mode = floatMode();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      round_ = round;
      generation_.fetch_add(1);
    }
    wake_.notify_all();
    round->work();
    for (int i = 0; round->done.load() < count; i++) {
      // Whoever has the last task may be waiting for this very processor. Not where
      // each has its own: another program would take it for longer than this takes.
      if (crowded_ && i > LOOKS) std::this_thread::yield();
      else spin();
    }
    return true;
  }

 private:
  static void spin() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
  }

  void serve() {
    uint64_t seen = 0;
    for (;;) {
      // Kernels follow each other closely: look for a while before sleeping.
      for (int i = 0; i < LOOKS && generation_.load() == seen; i++) spin();
      std::shared_ptr<Round> round;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load() != seen; });
        seen = generation_.load();
        round = round_;
      }
      setFloatMode(round->mode);
      round->work();
    }
  }

  const bool crowded_;
  std::mutex busy_, mutex_;
  std::condition_variable wake_;
  std::atomic<uint64_t> generation_{0};
  std::shared_ptr<Round> round_;
};

// Processors that this process may use, 0 if nobody has said.
std::atomic<int> allowed{0};

// The machine's are the last resort: a job of a cluster, or a container, has some of
// them, and threads that share one wait for each other.
int processors() {
  if (allowed > 0) return allowed;
  return std::max(1, (int)std::thread::hardware_concurrency());
}

int wantedThreads() {
  const char* named = std::getenv("TDRO_THREADS");
  const int wanted = named ? std::atoi(named) : 0;
  return wanted > 0 ? wanted : processors();
}

// Never destroyed: its threads outlive the program's end.
Pool& pool() {
  static Pool* const shared = new Pool(threadCount() - 1, threadCount() > processors());
  return *shared;
}

}  // namespace

int threadCount() {
  static const int count = wantedThreads();
  return count;
}

void parallelFor(int64_t count, const std::function<void(int64_t)>& task) {
  if (count > 1 && threadCount() > 1 && pool().run(count, task)) return;
  for (int64_t i = 0; i < count; i++) task(i);
}

void parallelRanges(int64_t size, int64_t grain,
                    const std::function<void(int64_t, int64_t)>& range) {
  const int64_t parts = std::clamp<int64_t>(size / std::max<int64_t>(grain, 1),
                                            1, 4 * threadCount());
  parallelFor(parts, [&](int64_t i) {
    range(size * i / parts, size * (i + 1) / parts);
  });
}

}  // namespace tdro

// Before the first kernel runs: later ones have their threads. Gives how many.
extern "C" int32_t tdroAllow(int32_t processors) {
  tdro::allowed = processors;
  return tdro::threadCount();
}
