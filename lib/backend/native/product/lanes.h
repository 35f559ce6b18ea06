// Numbers of 32 bits side by side in a register: 16 with AVX-512, 8 with AVX2,
// else 4. Who defines TDRO_LANES gets as many as that, on any processor: the
// compiler makes do with what registers there are.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#ifdef __SSE__
#include <immintrin.h>
#endif
#ifdef __wasm__
#include <wasm_simd128.h>
#endif

#ifndef TDRO_LANES
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define TDRO_LANES 16
#elif defined(__AVX2__) && defined(__FMA__)
#define TDRO_LANES 8
#else
#define TDRO_LANES 4
#endif
#endif

#if TDRO_LANES == 16 && defined(__AVX512BW__)
#define TDRO_AVX512 1
#ifdef __AVX512BF16__
#define TDRO_PAIRS 1  // it multiplies pairs of bfloat16
#endif
#ifdef __AVX512VNNI__
#define TDRO_BYTES 1  // it multiplies bytes, four at a time
#endif
#elif TDRO_LANES == 8 && defined(__AVX2__)
#define TDRO_AVX2 1
#ifdef __AVXVNNI__
#define TDRO_BYTES 1
#endif
#endif

// Where the compiler thinks a function too large already, it would call these:
// number by number, not a register at a time.
#define ALWAYS_INLINE inline __attribute__((always_inline))

namespace tdro {

constexpr int64_t WIDTH = TDRO_LANES;
// Of WebAssembly's registers an x86 processor has only so many.
#if defined(__wasm__) || TDRO_LANES == 8
constexpr bool FEW_REGISTERS = true;
#else
constexpr bool FEW_REGISTERS = false;
#endif
// Turns of the innermost loop at once: in WebAssembly each looks whether it shall
// stop, and other compilers know best.
#ifdef __wasm__
constexpr int AT_ONCE = 4;
#else
constexpr int AT_ONCE = 1;
#endif

typedef float Lanes __attribute__((vector_size(4 * WIDTH), may_alias));
// The same as bits: a float, two bfloat16, or two whole numbers of 16 bits.
typedef uint32_t Units __attribute__((vector_size(4 * WIDTH), may_alias));
typedef int32_t Wholes __attribute__((vector_size(4 * WIDTH), may_alias));

constexpr uint32_t UPPER = 0xffff0000;  // of a float what bfloat16 keeps

template <class V = Lanes, class T>
inline V load(const T* from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class V, class T>
inline void store(T* to, V v) {
  std::memcpy(to, &v, sizeof v);
}

// a · b + c, in one instruction where there is one.
inline Lanes multiplyAdd(Lanes a, Lanes b, Lanes c) {
#ifdef __wasm_relaxed_simd__
  return (Lanes)wasm_f32x4_relaxed_madd((v128_t)a, (v128_t)b, (v128_t)c);
#else
  return a * b + c;
#endif
}

// Nothing that comes after is moved before these are there: the compiler for
// WebAssembly doesn't know how few registers a processor has.
template <class V>
ALWAYS_INLINE void keepOrder([[maybe_unused]] V& a, [[maybe_unused]] V& b) {
#ifdef __wasm__
  __asm__ volatile("" : "+r"(a), "+r"(b)::"memory");
#endif
}

#ifdef TDRO_AVX512
inline __mmask16 firstOf(int64_t count) {
  return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1);
}
#endif
#ifdef TDRO_AVX2
inline __m256i firstOf(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

// The first `count` numbers, then zeros; beyond them nothing is read.
inline Lanes loadFirst(const float* from, int64_t count) {
#ifdef TDRO_AVX512
  return (Lanes)_mm512_maskz_loadu_ps(firstOf(count), from);
#else
  if (count >= WIDTH) return load(from);
  Lanes v{};
  if (count <= 0) return v;
#ifdef TDRO_AVX2
  v = (Lanes)_mm256_maskload_ps(from, firstOf(count));
#elif defined(__wasm__)
  for (int i = 0; i < WIDTH - 1; i++) v[i] = i < count ? from[i] : 0.0f;
#else
  std::memcpy(&v, from, count * sizeof(float));
#endif
  return v;
#endif
}

// Stores the first `count` numbers, no more.
template <class V, class T>
inline void storeFirst(T* to, int64_t count, V v) {
#ifdef TDRO_AVX512
  _mm512_mask_storeu_ps(to, firstOf(count), (__m512)v);
#else
  if (count >= WIDTH) return store(to, v);
#ifdef __wasm__
  // A copy of as many bytes would be a call.
  for (int i = 0; i < WIDTH - 1; i++) {
    if (i < count) to[i] = v[i];
  }
#else
  if (count > 0) std::memcpy(to, &v, count * sizeof(T));
#endif
#endif
}

// The first `count` lanes, then `rest`.
inline Lanes orRest(Lanes v, int64_t count, float rest) {
  if (count >= WIDTH) return v;
  Wholes place;
#pragma GCC unroll 16
  for (int i = 0; i < WIDTH; i++) place[i] = i;
  return place < (int32_t)count ? v : Lanes{} + rest;
}

// All lanes put together by f, halves at a time.
template <class F>
inline float folded(Lanes v, F f) {
  alignas(64) float x[WIDTH];
  store(x, v);
#pragma GCC unroll 4
  for (int half = WIDTH / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < half; i++) x[i] = f(x[i], x[i + half]);
  }
  return x[0];
}
inline float sumOf(Lanes v) {
#ifdef TDRO_AVX512
  return _mm512_reduce_add_ps((__m512)v);
#else
  return folded(v, [](float a, float b) { return a + b; });
#endif
}
inline float largestOf(Lanes v) {
#ifdef TDRO_AVX512
  return _mm512_reduce_max_ps((__m512)v);
#else
  return folded(v, [](float a, float b) { return a > b ? a : b; });
#endif
}

// Whole numbers that fit in one together.
inline int32_t sumOf(Wholes v) {
#ifdef TDRO_AVX512
  return _mm512_reduce_add_epi32((__m512i)v);
#else
  int32_t sum = 0;
  for (int i = 0; i < WIDTH; i++) sum += v[i];
  return sum;
#endif
}

// A bit for each lane that isn't below `bar`: NaN isn't.
inline uint32_t notBelow(Lanes v, float bar) {
#if defined(TDRO_AVX512)
  return _mm512_cmp_ps_mask((__m512)v, _mm512_set1_ps(bar), _CMP_NLT_UQ);
#elif defined(TDRO_AVX2)
  return (uint32_t)_mm256_movemask_ps(
      _mm256_cmp_ps((__m256)v, _mm256_set1_ps(bar), _CMP_NLT_UQ));
#elif defined(__wasm__)
  return ~wasm_i32x4_bitmask((v128_t)(v < bar)) & 15;
#else
  const Wholes below = v < bar;
  uint32_t bits = 0;
  for (int i = 0; i < WIDTH; i++) bits |= (uint32_t)(below[i] + 1) << i;
  return bits;
#endif
}

inline uint32_t largestOf(Units v) {
#ifdef TDRO_AVX512
  return _mm512_reduce_max_epu32((__m512i)v);
#else
  uint32_t most = 0;
  for (int i = 0; i < WIDTH; i++) most = v[i] > most ? v[i] : most;
  return most;
#endif
}

// x · 2^power of whole powers; where the power is NaN, NaN.
inline Lanes scaled(Lanes x, Lanes power) {
#ifdef TDRO_AVX512
  return (Lanes)_mm512_scalef_ps((__m512)x, (__m512)power);
#else
  for (int i = 0; i < WIDTH; i++) {
    x[i] = (float)((double)x[i] * std::exp2((double)power[i]));
  }
  return x;
#endif
}

// The nearest whole numbers, the even one of two; of NaN none that counts.
inline Wholes nearest(Lanes x) {
#ifdef TDRO_AVX512
  return (Wholes)_mm512_cvtps_epi32((__m512)x);
#elif defined(TDRO_AVX2)
  return (Wholes)_mm256_cvtps_epi32((__m256)x);
#elif defined(__wasm__)
  return (Wholes)wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest((v128_t)x));
#else
  Wholes whole{};
  for (int i = 0; i < WIDTH; i++) {
    if (x[i] == x[i]) whole[i] = (int32_t)std::nearbyint(x[i]);
  }
  return whole;
#endif
}

// Each lane through a function of one number, which becomes vector code.
template <class F>
ALWAYS_INLINE Lanes each(Lanes v, F f) {
  alignas(64) float numbers[WIDTH];
  store(numbers, v);
#pragma omp simd simdlen(TDRO_LANES) aligned(numbers : 64)
  for (int i = 0; i < WIDTH; i++) numbers[i] = f(numbers[i]);
  return load(numbers);
}

// Stores past the caches, on a boundary of as many bytes.
inline void stream(float* to, Lanes v) {
#if defined(TDRO_AVX512)
  _mm512_stream_ps(to, (__m512)v);
#elif defined(TDRO_AVX2)
  _mm256_stream_ps(to, (__m256)v);
#else
  store(to, v);
#endif
}

// Element j of the result is element Pick::at(j) of a and, after it, b.
template <class Pick, int... J>
inline Units picked(Units a, Units b, std::integer_sequence<int, J...>) {
#ifdef __clang__
  return __builtin_shufflevector(a, b, Pick::at(J)...);
#else
  return __builtin_shuffle(a, b, Units{(uint32_t)Pick::at(J)...});
#endif
}
template <class Pick>
inline Units picked(Units a, Units b) {
  return picked<Pick>(a, b, std::make_integer_sequence<int, WIDTH>{});
}

struct Evens {
  static constexpr int at(int j) { return 2 * j; }
};
struct Odds {
  static constexpr int at(int j) { return 2 * j + 1; }
};
// What makes pairs of rows, `S` apart, of which each gets half of the other.
template <int S>
struct FirstHalves {
  static constexpr int at(int j) { return j & S ? WIDTH + j - S : j; }
};
template <int S>
struct SecondHalves {
  static constexpr int at(int j) { return j & S ? WIDTH + j : j + S; }
};

// WIDTH × WIDTH numbers, transposed in registers.
template <int S = 1>
inline void transpose(Units* r) {
  if constexpr (S < WIDTH) {
#pragma GCC unroll 16
    for (int i = 0; i < WIDTH; i++) {
      if (i & S) continue;
      const Units a = r[i], b = r[i + S];
      r[i] = picked<FirstHalves<S>>(a, b);
      r[i + S] = picked<SecondHalves<S>>(a, b);
    }
    transpose<2 * S>(r);
  }
}

// Rounded to bfloat16, to nearest and even: a float with the lower half 0.
inline Units rounded(Lanes x) {
  const Units bits = (Units)x;
  const Units nearest = bits + 0x7fff + ((bits >> 16) & 1);
  const Units number = (Units)(x == x);  // what isn't stays NaN
  return ((nearest & number) | ((bits | 0x400000) & ~number)) & UPPER;
}

// Pairs of bfloat16, the first one in the lower half: x[j] and y[j].
inline Units pairsOf(Lanes x, Lanes y) {
#if defined(TDRO_AVX512) && defined(__AVX512BF16__)
  const auto half = [](Lanes v) {
    return _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh((__m512)v));
  };
  return (Units)_mm512_or_si512(half(x), _mm512_slli_epi32(half(y), 16));
#else
  return (rounded(x) >> 16) | rounded(y);
#endif
}

// Of 2 · WIDTH numbers in a row, each with the next.
inline Units pairsAlong(Lanes low, Lanes high) {
#if defined(TDRO_AVX512) && defined(__AVX512BF16__)
  return (Units)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
#else
  return pairsOf((Lanes)picked<Evens>((Units)low, (Units)high),
                 (Lanes)picked<Odds>((Units)low, (Units)high));
#endif
}

// The upper halves of 2 · WIDTH numbers in a row, each with the next.
inline Units upperAlong(Units low, Units high) {
#ifdef TDRO_AVX512
  alignas(64) static constexpr uint16_t odd[32] = {
      1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31,
      33, 35, 37, 39, 41, 43, 45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
  return (Units)_mm512_permutex2var_epi16((__m512i)low,
                                          _mm512_load_si512(odd),
                                          (__m512i)high);
#else
  return (picked<Evens>(low, high) >> 16) | (picked<Odds>(low, high) & UPPER);
#endif
}

// Pairs of whole numbers of 16 bits, as pairsOf() and pairsAlong() make them.
inline Units shortsOf(Lanes x, Lanes y) {
  return ((Units)__builtin_convertvector(x, Wholes) & 0xffff) |
         (Units)__builtin_convertvector(y, Wholes) << 16;
}
inline Units shortsAlong(Lanes low, Lanes high) {
  return shortsOf((Lanes)picked<Evens>((Units)low, (Units)high),
                  (Lanes)picked<Odds>((Units)low, (Units)high));
}

// Pairs of 2 · WIDTH whole numbers of 8 bits in a row, each with the next.
inline Units shortsOf(const int8_t* from) {
  typedef int8_t Bytes __attribute__((vector_size(2 * WIDTH)));
  typedef int16_t Shorts __attribute__((vector_size(4 * WIDTH), may_alias));
  return (Units)__builtin_convertvector(load<Bytes>(from), Shorts);
}

// sum + both products of each pair.
inline Wholes dotShorts(Wholes sum, Units a, Units b) {
#if defined(TDRO_AVX512) && defined(__AVX512VNNI__)
  return (Wholes)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#elif defined(TDRO_AVX512)
  return (Wholes)_mm512_add_epi32((__m512i)sum,
                                  _mm512_madd_epi16((__m512i)a, (__m512i)b));
#elif defined(TDRO_AVX2)
  return (Wholes)_mm256_add_epi32((__m256i)sum,
                                  _mm256_madd_epi16((__m256i)a, (__m256i)b));
#elif defined(__wasm__)
  return sum + (Wholes)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#else
  const auto lower = [](Units x) { return (Wholes)(x << 16) >> 16; };
  return sum + lower(a) * lower(b) + ((Wholes)a >> 16) * ((Wholes)b >> 16);
#endif
}

// sum + the four products of bytes: of a 0 … 255, of b -128 … 127.
inline Wholes dotBytes(Wholes sum, Units a, Units b) {
#if defined(TDRO_AVX512) && defined(__AVX512VNNI__)
  return (Wholes)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#elif defined(TDRO_AVX2) && defined(__AVXVNNI__)
  return (Wholes)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)a, (__m256i)b);
#else
  for (int i = 0; i < 4; i++) {
    sum += (Wholes)(a >> 8 * i & 255) * ((Wholes)(b << (24 - 8 * i)) >> 24);
  }
  return sum;
#endif
}

// sum + both products of each pair.
inline Lanes dotPairs(Lanes sum, Units a, Units b) {
#if defined(TDRO_AVX512) && defined(__AVX512BF16__)
  return (Lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  return sum + (Lanes)(a << 16) * (Lanes)(b << 16) +
         (Lanes)(a & UPPER) * (Lanes)(b & UPPER);
#endif
}

}  // namespace tdro
