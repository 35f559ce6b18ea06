// How the search is called.
#include "call.h"
#include "nearest.h"

namespace tdro {
namespace {

// Floor, error and unit of each query; see Wanted. Settings: k, relative error of
// a score.
std::vector<Candidates> listsFor(const double* about, int64_t Q,
                                 const double* settings) {
  std::vector<Candidates> lists;
  lists.reserve(Q);
  for (int64_t q = 0; q < Q; q++) {
    lists.emplace_back(Wanted{(int64_t)settings[0],
                              about[q],
                              {about[Q + q], settings[1]},
                              about[2 * Q + q]});
  }
  return lists;
}

// Rows and scores of all lists, one after the other.
void write(const std::vector<Candidates>& lists, int32_t* counts, int32_t* rows,
           float* scores) {
  for (const Candidates& list : lists) {
    const float unit = (float)list.wanted().unit;
    *counts++ = (int32_t)list.rows().size();
    for (int32_t row : list.rows()) *rows++ = row;
    for (float sum : list.sums()) *scores++ = sum * unit;
  }
}

int64_t total(const std::vector<Candidates>& lists) {
  int64_t sum = 0;
  for (const Candidates& list : lists) sum += (int64_t)list.rows().size();
  return sum;
}

#ifdef __wasm__

// Queries [Q, D]; rows [P, D] of floats or bytes; floors, errors and units [Q] ->
// how many rows each query's list has [Q], their numbers, their scores. Whole
// numbers come as the floats that have their bits. Settings: k, relative error, P,
// how to look, the rows' scale.
void nearestRows(Call& call) {
  const int64_t Q = call.dim(0, 0), D = call.dim(0, 1);
  std::vector<double> about(3 * Q);
  for (int64_t i = 0; i < 3 * Q; i++) about[i] = call.in(2 + i / Q)[i % Q];
  const double settings[] = {call.setting(0), call.setting(1)};
  std::vector<Candidates> lists = listsFor(about.data(), Q, settings);
  nearest({call.in(0), call.in(1), Q, (int64_t)call.setting(2), D,
           (Look)call.setting(3), call.setting(4)},
          lists);
  const int64_t all = total(lists);
  float* counts = call.out(0, {Q});
  float* rows = call.out(1, {all});
  write(lists, (int32_t*)counts, (int32_t*)rows, call.out(2, {all}));
}

const Op<nearestRows> nearestOp("TdroNearest", {.floats = 5, .outputs = 3});

#else

// What the last search of this thread has found.
thread_local std::vector<Candidates> found;

#endif

}  // namespace
}  // namespace tdro

#ifndef __wasm__

// Searches rows where they lie, and returns how many were found: queries [Q, D],
// rows [P, D], `about` [3, Q], and settings: k, relative error, how to look, the
// rows' scale.
extern "C" int32_t tdroNearest(const float* queries, const void* rows,
                               const double* about, const double* settings,
                               int32_t Q, int32_t P, int32_t D) {
  using namespace tdro;
  found = listsFor(about, Q, settings);
  nearest({queries, rows, Q, P, D, (Look)settings[2], (float)settings[3]}, found);
  return (int32_t)total(found);
}

// Hands over what was found, and forgets it.
extern "C" void tdroFound(int32_t* counts, int32_t* rows, float* scores) {
  tdro::write(tdro::found, counts, rows, scores);
  tdro::found = {};
}

#endif
