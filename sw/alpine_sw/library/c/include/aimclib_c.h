/* SPDX-License-Identifier: Apache-2.0
 *
 * The published names in C: macros that choose a function by the number of arguments and by the
 * type of the vector. Included by aimclib.h.
 */
#ifndef AIMCLIB_C_H
#define AIMCLIB_C_H

#define AIMC_SEVENTH(a, b, c, d, e, f, name, ...) name

/* A vector of a type that has no form selects the form for codes, which the compiler refuses. */
#define AIMC_OF_TYPE(v, codes, floats, doubles)                                                    \
    _Generic((v), float *: floats, const float *: floats, double *: doubles,                       \
             const double *: doubles, default: codes)

#define mapMatrix(...)                                                                             \
    AIMC_SEVENTH(__VA_ARGS__, aimc_map6, aimc_map5, aimc_few, aimc_few, aimc_few, aimc_few, 0)     \
    (__VA_ARGS__)
#define aimc_map5(x, y, height, width, m)                                                          \
    (AIMC_HERE, _Generic((m), int8_t **: aimc_map_rows_codes, int8_t *const *: aimc_map_rows_codes,\
                         default: aimc_map_codes)(x, y, height, width, m, 0))
#define aimc_map6(x, y, height, width, max, m)                                                     \
    (AIMC_HERE, _Generic((m), float **: aimc_map_rows_floats,                                      \
                         float *const *: aimc_map_rows_floats,                                     \
                         double **: aimc_map_rows_doubles,                                         \
                         double *const *: aimc_map_rows_doubles,                                   \
                         double *: aimc_map_doubles, const double *: aimc_map_doubles,             \
                         default: aimc_map_floats)(x, y, height, width, max, m, 0))

/* mapMatrix for a tile that is not the core's first. */
#define mapMatrixOn(tid, x, y, height, width, m)                                                   \
    (AIMC_HERE, aimc_map_codes(x, y, height, width, m, tid))

#define queueVector(...)                                                                           \
    AIMC_SEVENTH(__VA_ARGS__, aimc_few, aimc_few, aimc_queue4, aimc_queue3, aimc_queue2, aimc_few, \
                 0)(__VA_ARGS__)
#define aimc_queue2(size, v) (AIMC_HERE, aimc_queue_vector(size, v, 0))
#define aimc_queue3(size, second, third)                                                           \
    (AIMC_HERE, _Generic((second), int8_t *: aimc_queue_vector, const int8_t *: aimc_queue_vector, \
                         default: AIMC_OF_TYPE(third, aimc_queue_vector, aimc_queue_floats_first,  \
                                               aimc_queue_doubles_first))(size, second, third))
#define aimc_queue4(size, max, v, tid)                                                             \
    (AIMC_HERE, AIMC_OF_TYPE(v, aimc_no_such_form, aimc_queue_floats, aimc_queue_doubles)(         \
                    size, max, v, tid))
#define queueVectorAt(size, v, index, tid) (AIMC_HERE, aimc_queue_vector_at(size, v, index, tid))

#define dequeueVector(...)                                                                         \
    AIMC_SEVENTH(__VA_ARGS__, aimc_few, aimc_few, aimc_dequeue4, aimc_dequeue3, aimc_dequeue2,     \
                 aimc_few, 0)(__VA_ARGS__)
#define aimc_dequeue2(size, v) (AIMC_HERE, aimc_dequeue_vector(size, v, 0))
#define aimc_dequeue3(size, second, third)                                                         \
    (AIMC_HERE, _Generic((second), int8_t *: aimc_dequeue_vector,                                  \
                         default: AIMC_OF_TYPE(third, aimc_dequeue_vector,                         \
                                               aimc_dequeue_floats_first,                          \
                                               aimc_dequeue_doubles_first))(size, second, third))
#define aimc_dequeue4(size, max, v, tid)                                                           \
    (AIMC_HERE, AIMC_OF_TYPE(v, aimc_no_such_form, aimc_dequeue_floats, aimc_dequeue_doubles)(     \
                    size, max, v, tid))
#define dequeueVectorAt(size, v, index, tid)                                                       \
    (AIMC_HERE, aimc_dequeue_vector_at(size, v, index, tid))

static inline void aimc_queue_floats_first(int size, float max, const float *v)
{
    aimc_queue_floats(size, max, v, 0);
}
static inline void aimc_queue_doubles_first(int size, double max, const double *v)
{
    aimc_queue_doubles(size, max, v, 0);
}
static inline void aimc_dequeue_floats_first(int size, float max, float *v)
{
    aimc_dequeue_floats(size, max, v, 0);
}
static inline void aimc_dequeue_doubles_first(int size, double max, double *v)
{
    aimc_dequeue_doubles(size, max, v, 0);
}
static inline void aimc_no_such_form(void) {}

#define aimcProcess(...) (AIMC_HERE, aimc_process(AIMC_TILE_OR_FIRST(__VA_ARGS__)))
/* An empty argument is tile 0: (0 + + 0), otherwise (0 + tid + 0). */
#define AIMC_TILE_OR_FIRST(tid) (0 + tid + 0)

#define aimcQueue(rm, tid) (AIMC_HERE, aimc_use_tile(tid), aimc_queue_group(rm))
#define aimcDequeue(tid) (AIMC_HERE, aimc_use_tile(tid), aimc_dequeue_codes(4))
#define aimcParamRead(rm, rn, ra, tid)                                                             \
    (AIMC_HERE, (void)(ra), aimc_use_tile(tid), aimc_read_cell(rm, rn))
#define aimcParamWrite(rm, rn, ra, tid)                                                            \
    (AIMC_HERE, aimc_use_tile(tid), aimc_initialize_cell(rm, rn, ra))

#endif
