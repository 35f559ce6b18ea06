// Threads are instances of this module, each with a stack and statics of its
// own, that share memory with the main one. There they find its tasks; asleep
// they cost nothing.
#include "pool.h"

#include <algorithm>
#include <atomic>

#include "memory.h"

// Functions of tfjs's module; the main thread's alone.
extern "C" {
[[clang::import_name("malloc")]] void* tdroMalloc(size_t bytes);
[[clang::import_name("free")]] void tdroFree(void* data);
}

namespace tdro {
namespace {

using Word = std::atomic<uint32_t>;
static_assert(sizeof(Word) == 4 && std::atomic<uint64_t>::is_always_lock_free);

// Times to look before sleeping: kernels follow each other closely.
constexpr int LOOKS = 4000;

// What the threads share: the main instance's.
struct Shared {
  // Number of tasks in the upper half, of the next one to hand out in the lower
  // one: whoever adds 1 has got that task of what is the round now.
  std::atomic<uint64_t> tasks{0};
  const std::function<void(int64_t)>* task = nullptr;
  Word done{0};
  // Changes with every round; who sleeps waits for it.
  Word round{0}, sleepers{0};
  // Changes when the main thread should look: all is done, or memory is wanted.
  Word bell{0};
  // Memory that a thread asks for, or gives back, one at a time.
  Word asking{0}, wish{0};
  size_t bytes = 0;
  void* data = nullptr;
};

enum Wish { none, get, giveBack };

constinit Shared own;
constinit Shared* shared = &own;
constinit int threads = 1;
// Whether tasks of a round are being done by this instance.
constinit bool busy = false;

bool isMain() { return shared == &own; }

void wait(Word& word, uint32_t seen) {
  __builtin_wasm_memory_atomic_wait32((int*)&word, (int)seen, -1);
}
void wake(Word& word, uint32_t most) {
  __builtin_wasm_memory_atomic_notify((int*)&word, most);
}

uint32_t countOf(uint64_t tasks) { return (uint32_t)(tasks >> 32); }
bool areLeft(uint64_t tasks) { return (uint32_t)tasks < countOf(tasks); }

void ring() {
  shared->bell.fetch_add(1);
  wake(shared->bell, 1);
}

// For a thread that has no memory to do its task: the main one gets it.
void* ask(Wish wish, void* data, size_t bytes) {
  Shared& s = *shared;
  while (s.asking.exchange(1)) wait(s.asking, 1);
  s.bytes = bytes;
  s.data = data;
  s.wish = wish;
  ring();
  while (s.wish) wait(s.wish, wish);
  void* const answer = s.data;
  s.asking = 0;
  wake(s.asking, 1);
  return answer;
}
void answer() {
  Shared& s = *shared;
  if (!s.wish) return;
  if (s.wish == get) s.data = tdroMalloc(s.bytes);
  else tdroFree(s.data);
  s.wish = none;
  wake(s.wish, 1);
}

// Does tasks until none is left to hand out.
void work() {
  Shared& s = *shared;
  busy = true;
  for (uint64_t tasks = s.tasks; areLeft(tasks);) {
    if (!s.tasks.compare_exchange_weak(tasks, tasks + 1)) continue;
    // The round can't end before this task has.
    (*s.task)((uint32_t)tasks);
    if (s.done.fetch_add(1) + 1 == countOf(tasks)) ring();
    if (isMain()) answer();
    tasks = s.tasks;
  }
  busy = false;
}

void runRound(uint32_t count, const std::function<void(int64_t)>& task) {
  Shared& s = *shared;
  s.task = &task;
  s.done = 0;
  s.tasks = (uint64_t)count << 32;
  s.round.fetch_add(1);
  if (s.sleepers) wake(s.round, count - 1);
  work();
  for (int looks = 0; s.done < count; looks++) {
    const uint32_t seen = s.bell;
    answer();
    if (s.done < count && looks > LOOKS) wait(s.bell, seen);
  }
}

}  // namespace

void* allocate(size_t bytes) {
  void* const data = isMain() ? tdroMalloc(bytes) : ask(get, nullptr, bytes);
  if (!data) __builtin_trap();
  return data;
}
void release(void* data) {
  if (!data) return;
  if (isMain()) tdroFree(data);
  else ask(giveBack, data, 0);
}

int threadCount() { return threads; }

void parallelFor(int64_t count, const std::function<void(int64_t)>& task) {
  if (count > 1 && count < INT32_MAX && threads > 1 && !busy) {
    return runRound((uint32_t)count, task);
  }
  for (int64_t i = 0; i < count; i++) task(i);
}


void parallelRanges(int64_t size, int64_t grain,
                    const std::function<void(int64_t, int64_t)>& range) {
  const int64_t parts = std::clamp<int64_t>(size / std::max<int64_t>(grain, 1),
                                            1, 4 * threads);
  parallelFor(parts, [&](int64_t i) {
    range(size * i / parts, size * (i + 1) / parts);
  });
}

}  // namespace tdro

extern "C" {

// Of the main instance: tells it how many threads there will be, itself among
// them, and what the others must be given.
[[clang::export_name("start")]] void* tdroStart(int32_t threads) {
  tdro::threads = threads;
  return tdro::shared;
}

// Of another instance: does tasks for good.
[[clang::export_name("serve")]] void tdroServe(void* shared, int32_t threads) {
  tdro::shared = (tdro::Shared*)shared;
  tdro::threads = threads;
  tdro::Shared& s = *tdro::shared;
  for (;;) {
    const uint32_t seen = s.round;
    for (int i = 0; i < tdro::LOOKS; i++) {
      if (tdro::areLeft(s.tasks)) break;
    }
    if (tdro::areLeft(s.tasks)) {
      tdro::work();
      continue;
    }
    s.sleepers.fetch_add(1);
    tdro::wait(s.round, seen);
    s.sleepers.fetch_sub(1);
  }
}
}
