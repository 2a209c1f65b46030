/* SPDX-License-Identifier: Apache-2.0
 *
 * AIMClib in C and C++: the calls of ALPINE's published library (Klein et al., IEEE TC 2022, Fig. 4)
 * for programs on cores with analog in-memory computing tiles. C11 and C++17, GCC or Clang.
 *
 *   cc --target=aarch64... -O3 -static -I"$(alpine aimclib --include)" program.c -o program.elf
 *   cc -g -DAIMC_CHECKER -I"$(alpine aimclib --include)" program.c "$(alpine aimclib --checker)" -lm
 *
 * The first builds for the simulated system. The second builds the same source for this machine,
 * with a functional tile in the place of the instructions, which stops at misuse with file and line.
 *
 * A tile multiplies a matrix of word lines (one for each input) by bit lines (one for each output).
 * The calls, with `int8_t` codes or with `float` or `double` values:
 *
 *   mapMatrix(x, y, height, width, m)         weights; m is [height][width], row-major or int8_t **
 *   mapMatrix(x, y, height, width, max, m)    values; code = (int8_t)(value * (127 / max))
 *   queueVector(size, v [, tid])              inputs
 *   queueVector(size, max, v [, tid])         values, as above
 *   aimcProcess([tid])                        all products of the tile at once
 *   dequeueVector(size, v [, tid])            outputs
 *   dequeueVector(size, max, v [, tid])       value = code * (max / 127)
 *
 * x counts bit lines and y word lines. Values beyond max saturate. Vectors go on where the last call
 * ended; queueVectorAt and dequeueVectorAt name the first line instead. tid numbers the tiles of a
 * core and is 0 when it is left out.
 */
#ifndef AIMCLIB_H
#define AIMCLIB_H

#include <stdint.h>

/* -ffreestanding: without a C library there are no activations but aimc_relu. */
#if __STDC_HOSTED__
#include <math.h>
#include <string.h>
#define AIMC_COPY memcpy
#else
#define AIMC_COPY __builtin_memcpy
#endif

#if defined(AIMC_CHECKER)
#include "aimc_checker.h"
#else
#include "aimc_intrinsics.h"
#include "aimc_hints.h"
/* Only the checker says where a mistake is. */
#define AIMC_HERE ((void)0)
#endif

#if defined(__cplusplus)
#define AIMC_CAST(type, value) static_cast<type>(value)
#else
#define AIMC_CAST(type, value) ((type)(value))
#endif

/* ---- One group of codes: how the bytes reach a register ------------------------------------ */

/* Four codes in a word, the first in the lowest byte. AIMC_TUNED reads them as the word that they
   are in memory; otherwise they are put together byte by byte, as the released library does. */
static inline uint64_t aimc_group(const int8_t *codes, int count)
{
#if defined(AIMC_TUNED) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (count == 4) {
        uint32_t word;
        AIMC_COPY(&word, codes, sizeof word);
        return word;
    }
#endif
    uint64_t word = 0;
    for (int lane = 0; lane < count; lane++)
        word |= AIMC_CAST(uint64_t, AIMC_CAST(uint8_t, codes[lane])) << (8 * lane);
    return word;
}

static inline void aimc_ungroup(uint64_t group, int8_t *codes, int count)
{
#if defined(AIMC_TUNED) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (count == 4) {
        const uint32_t word = AIMC_CAST(uint32_t, group);
        AIMC_COPY(codes, &word, sizeof word);
        return;
    }
#endif
    for (int lane = 0; lane < count; lane++)
        codes[lane] = AIMC_CAST(int8_t, AIMC_CAST(uint8_t, group >> (8 * lane)));
}

/* A value as a code: cut off toward zero, saturated. What is no number has no code: the checker
   stops there. */
static inline int8_t aimc_code(double scaled)
{
    aimc_expect_number(scaled);
    if (scaled >= 127.0) return 127;
    if (scaled <= -128.0) return -128;
    return AIMC_CAST(int8_t, scaled);
}

static inline int aimc_group_size(int left) { return left < 4 ? left : 4; }

/* ---- Vectors of codes ----------------------------------------------------------------------- */

static inline void aimc_queue_vector(int size, const int8_t *v, int tid)
{
    aimc_use_tile(tid);
    int first = 0;
    for (; first + 4 <= size; first += 4) aimc_queue_group(aimc_group(v + first, 4));
    if (first < size)
        aimc_queue_codes(aimc_group(v + first, size - first), AIMC_CAST(uint64_t, size - first));
}

static inline void aimc_queue_vector_at(int size, const int8_t *v, int index, int tid)
{
    aimc_use_tile(tid);
    for (int first = 0; first < size; first += 4) {
        const int count = aimc_group_size(size - first);
        aimc_queue_codes_at(aimc_group(v + first, count), AIMC_CAST(uint64_t, count),
                            AIMC_CAST(uint64_t, index + first));
    }
}

static inline void aimc_dequeue_vector(int size, int8_t *v, int tid)
{
    aimc_use_tile(tid);
    for (int first = 0; first < size; first += 4) {
        const int count = aimc_group_size(size - first);
        aimc_ungroup(aimc_dequeue_codes(AIMC_CAST(uint64_t, count)), v + first, count);
    }
}

static inline void aimc_dequeue_vector_at(int size, int8_t *v, int index, int tid)
{
    aimc_use_tile(tid);
    for (int first = 0; first < size; first += 4) {
        const int count = aimc_group_size(size - first);
        const uint64_t group = aimc_dequeue_codes_at(AIMC_CAST(uint64_t, count),
                                                     AIMC_CAST(uint64_t, index + first));
        aimc_ungroup(group, v + first, count);
    }
}

static inline int aimc_process(int tid)
{
    aimc_use_tile(tid);
    return AIMC_CAST(int, aimc_process_vector());
}

/* ---- Vectors and matrices of values --------------------------------------------------------- */

/* One function for each type of value: C has no templates. The scaling is in the vector's own
   type, so that every build and the simulated run give the same codes. */
#define AIMC_DEFINE_VALUES(type, suffix)                                                           \
    static inline void aimc_queue_##suffix(int size, type max, const type *v, int tid)             \
    {                                                                                              \
        const type scale = AIMC_CAST(type, 127) / max;                                             \
        aimc_expect_range(AIMC_CAST(double, max));                                                 \
        int8_t codes[4];                                                                           \
        aimc_use_tile(tid);                                                                        \
        for (int first = 0; first < size; first += 4) {                                            \
            const int count = aimc_group_size(size - first);                                       \
            for (int lane = 0; lane < count; lane++)                                               \
                codes[lane] = aimc_code(AIMC_CAST(double, v[first + lane] * scale));               \
            if (count == 4)                                                                        \
                aimc_queue_group(aimc_group(codes, 4));                                            \
            else                                                                                   \
                aimc_queue_codes(aimc_group(codes, count), AIMC_CAST(uint64_t, count));            \
        }                                                                                          \
    }                                                                                              \
    static inline void aimc_dequeue_##suffix(int size, type max, type *v, int tid)                 \
    {                                                                                              \
        const type scale = max / AIMC_CAST(type, 127);                                             \
        aimc_expect_range(AIMC_CAST(double, max));                                                 \
        int8_t codes[4];                                                                           \
        aimc_use_tile(tid);                                                                        \
        for (int first = 0; first < size; first += 4) {                                            \
            const int count = aimc_group_size(size - first);                                       \
            aimc_ungroup(aimc_dequeue_codes(AIMC_CAST(uint64_t, count)), codes, count);            \
            for (int lane = 0; lane < count; lane++)                                               \
                v[first + lane] = AIMC_CAST(type, codes[lane]) * scale;                            \
        }                                                                                          \
    }                                                                                              \
    static inline int aimc_map_##suffix(int aimc_x, int aimc_y, int height, int width, type max,   \
                                        const type *m, int tid)                                    \
    {                                                                                              \
        const type scale = AIMC_CAST(type, 127) / max;                                             \
        int status = 0;                                                                            \
        aimc_expect_range(AIMC_CAST(double, max));                                                 \
        aimc_expect_matrix(aimc_x, aimc_y, height, width, tid);                                    \
        aimc_use_tile(tid);                                                                        \
        for (int row = 0; row < height; row++)                                                     \
            for (int column = 0; column < width; column++) {                                       \
                const type scaled = m[AIMC_CAST(int64_t, row) * width + column] * scale;           \
                const int answer =                                                                 \
                    aimc_program(aimc_x + column, aimc_y + row, aimc_code(scaled));                \
                status = status ? status : answer;                                                 \
            }                                                                                      \
        return status;                                                                             \
    }                                                                                              \
    static inline int aimc_map_rows_##suffix(int aimc_x, int aimc_y, int height, int width,        \
                                             type max, type *const *m, int tid)                    \
    {                                                                                              \
        int status = 0;                                                                            \
        aimc_expect_matrix(aimc_x, aimc_y, height, width, tid);                                    \
        for (int row = 0; row < height; row++) {                                                   \
            const int answer = aimc_map_##suffix(aimc_x, aimc_y + row, 1, width, max, m[row], tid);\
            status = status ? status : answer;                                                     \
        }                                                                                          \
        return status;                                                                             \
    }

static inline int aimc_program(int column, int row, int8_t weight)
{
    return AIMC_CAST(int, aimc_initialize_cell(AIMC_CAST(uint64_t, column),
                                               AIMC_CAST(uint64_t, row),
                                               AIMC_CAST(uint8_t, weight)));
}

AIMC_DEFINE_VALUES(float, floats)
AIMC_DEFINE_VALUES(double, doubles)

static inline int aimc_map_codes(int aimc_x, int aimc_y, int height, int width, const int8_t *m,
                                 int tid)
{
    int status = 0;
    aimc_expect_matrix(aimc_x, aimc_y, height, width, tid);
    aimc_use_tile(tid);
    for (int row = 0; row < height; row++)
        for (int column = 0; column < width; column++) {
            const int answer = aimc_program(aimc_x + column, aimc_y + row,
                                            m[AIMC_CAST(int64_t, row) * width + column]);
            status = status ? status : answer;
        }
    return status;
}

static inline int aimc_map_rows_codes(int aimc_x, int aimc_y, int height, int width,
                                      int8_t *const *m, int tid)
{
    int status = 0;
    aimc_expect_matrix(aimc_x, aimc_y, height, width, tid);
    for (int row = 0; row < height; row++) {
        const int answer = aimc_map_codes(aimc_x, aimc_y + row, 1, width, m[row], tid);
        status = status ? status : answer;
    }
    return status;
}

/* ---- Activations ---------------------------------------------------------------------------- */

static inline void aimc_relu(int size, int8_t *codes)
{
    for (int i = 0; i < size; i++) codes[i] = codes[i] < 0 ? AIMC_CAST(int8_t, 0) : codes[i];
}

#if __STDC_HOSTED__
static inline void aimc_sigmoid(int size, const float *inputs, float *outputs)
{
    for (int i = 0; i < size; i++) outputs[i] = 1.0F / (1.0F + expf(-inputs[i]));
}

static inline void aimc_tanh(int size, const float *inputs, float *outputs)
{
    for (int i = 0; i < size; i++) outputs[i] = tanhf(inputs[i]);
}

static inline void aimc_softmax(int size, const float *inputs, float *outputs)
{
    float highest = -INFINITY;
    float total = 0.0F;
    for (int i = 0; i < size; i++) highest = inputs[i] > highest ? inputs[i] : highest;
    for (int i = 0; i < size; i++) {
        outputs[i] = expf(inputs[i] - highest);
        total += outputs[i];
    }
    for (int i = 0; i < size; i++) outputs[i] /= total;
}
#endif

#if defined(__cplusplus)
#include "aimclib_cpp.h"
#else
#include "aimclib_c.h"
#endif

#endif
