#include "emulator.h"

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

tdro::Index threadIdx, blockIdx, gridDim;

namespace tdro {
namespace {

constexpr size_t STACK = 128 << 10;

// A thread of the block, with a stack of its own: it runs until it waits. It
// begins as a context and then jumps, since each change of contexts would ask the
// kernel for the signal mask.
struct Fiber {
  enum State { ready, atWarp, atBlock, done } state;
  bool begun;
  ucontext_t start;
  jmp_buf place;
  std::unique_ptr<char[]> stack{new char[STACK]};
};

std::vector<Fiber> fibers;
int running;
jmp_buf scheduler;
const std::function<void()>* work;
std::vector<float4> memory;
std::vector<float> slots;

void enter() {
  (*work)();
  fibers[running].state = Fiber::done;
  _longjmp(scheduler, 1);
}

void pause(Fiber::State state) {
  Fiber& self = fibers[running];
  self.state = state;
  if (_setjmp(self.place) == 0) _longjmp(scheduler, 1);
}

// Lets a fiber run until it waits or ends.
[[gnu::noinline]] void resume(Fiber& fiber) {
  if (_setjmp(scheduler) != 0) return;
  if (fiber.begun) _longjmp(fiber.place, 1);
  fiber.begun = true;
  setcontext(&fiber.start);
}

// Whether all of [from, to) that aren't done wait at `state`; if so they go on.
bool release(int from, int to, Fiber::State state) {
  bool any = false;
  for (int i = from; i < to; i++) {
    if (fibers[i].state == Fiber::done) continue;
    if (fibers[i].state != state) return false;
    any = true;
  }
  for (int i = from; i < to; i++) {
    if (fibers[i].state == state) fibers[i].state = Fiber::ready;
  }
  return any;
}

void block(int threads) {
  for (int i = 0; i < threads; i++) {
    Fiber& fiber = fibers[i];
    fiber.state = Fiber::ready;
    fiber.begun = false;
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = fiber.stack.get();
    fiber.start.uc_stack.ss_size = STACK;
    makecontext(&fiber.start, enter, 0);
  }
  for (;;) {
    int left = 0;
    for (running = 0; running < threads; running++) {
      if (fibers[running].state != Fiber::ready) continue;
      threadIdx.x = running;
      resume(fibers[running]);
    }
    for (int i = 0; i < threads; i++) left += fibers[i].state != Fiber::done;
    if (left == 0) return;
    bool any = false;
    for (int i = 0; i < threads; i += 32) {
      any |= release(i, std::min(i + 32, threads), Fiber::atWarp);
    }
    if (!any && !release(0, threads, Fiber::atBlock)) {
      throw std::logic_error("A kernel's threads wait for each other");
    }
  }
}

}  // namespace

void emulate(Index grid, int threads, int bytes,
             const std::function<void()>& body) {
  while ((int)fibers.size() < threads) fibers.emplace_back();
  memory.assign(bytes / sizeof(float4) + 1, float4{NAN, NAN, NAN, NAN});
  slots.resize(threads);
  work = &body;
  gridDim = grid;
  threadIdx = {0, 0, 0};
  for (blockIdx.z = 0; blockIdx.z < grid.z; blockIdx.z++) {
    for (blockIdx.y = 0; blockIdx.y < grid.y; blockIdx.y++) {
      for (blockIdx.x = 0; blockIdx.x < grid.x; blockIdx.x++) block(threads);
    }
  }
}

float* blockMemory() { return &memory[0].x; }
void waitForBlock() { pause(Fiber::atBlock); }
void waitForWarp() { pause(Fiber::atWarp); }
float& slotOf(int lane) { return slots[running / 32 * 32 + lane]; }

}  // namespace tdro
