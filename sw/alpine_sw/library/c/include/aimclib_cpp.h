/* SPDX-License-Identifier: Apache-2.0
 *
 * The published names in C++: overloads and templates. Included by aimclib.h.
 */
#ifndef AIMCLIB_CPP_H
#define AIMCLIB_CPP_H

#include <type_traits>

/* The checker tells the caller's place: a default argument is evaluated where the call stands. */
#if defined(AIMC_CHECKER)
#define AIMC_CALLER , const char *aimc_file = __builtin_FILE(), int aimc_line = __builtin_LINE()
#define AIMC_AT_CALLER aimc_checker_at(aimc_file, aimc_line)
#else
#define AIMC_CALLER
#define AIMC_AT_CALLER ((void)0)
#endif

/* The overload for a type of value; whole numbers other than int8_t codes are converted first. */
inline void aimc_queue_values(int size, float max, const float *v, int tid)
{
    aimc_queue_floats(size, max, v, tid);
}
inline void aimc_queue_values(int size, double max, const double *v, int tid)
{
    aimc_queue_doubles(size, max, v, tid);
}
inline void aimc_dequeue_values(int size, float max, float *v, int tid)
{
    aimc_dequeue_floats(size, max, v, tid);
}
inline void aimc_dequeue_values(int size, double max, double *v, int tid)
{
    aimc_dequeue_doubles(size, max, v, tid);
}
inline int aimc_map_values(int x, int y, int height, int width, float max, const float *m)
{
    return aimc_map_floats(x, y, height, width, max, m, 0);
}
inline int aimc_map_values(int x, int y, int height, int width, double max, const double *m)
{
    return aimc_map_doubles(x, y, height, width, max, m, 0);
}
inline int aimc_map_values(int x, int y, int height, int width, float max, float *const *m)
{
    return aimc_map_rows_floats(x, y, height, width, max, m, 0);
}
inline int aimc_map_values(int x, int y, int height, int width, double max, double *const *m)
{
    return aimc_map_rows_doubles(x, y, height, width, max, m, 0);
}

inline int mapMatrix(int aimc_x, int aimc_y, int height, int width, const int8_t *m AIMC_CALLER)
{
    AIMC_AT_CALLER;
    return aimc_map_codes(aimc_x, aimc_y, height, width, m, 0);
}
inline int mapMatrix(int aimc_x, int aimc_y, int height, int width, int8_t *const *m AIMC_CALLER)
{
    AIMC_AT_CALLER;
    return aimc_map_rows_codes(aimc_x, aimc_y, height, width, m, 0);
}
template <typename T, typename Matrix>
inline std::enable_if_t<std::is_floating_point_v<T>, int>
mapMatrix(int aimc_x, int aimc_y, int height, int width, T max, Matrix m AIMC_CALLER)
{
    AIMC_AT_CALLER;
    return aimc_map_values(aimc_x, aimc_y, height, width, max, m);
}
inline int mapMatrixOn(int tid, int aimc_x, int aimc_y, int height, int width,
                       const int8_t *m AIMC_CALLER)
{
    AIMC_AT_CALLER;
    return aimc_map_codes(aimc_x, aimc_y, height, width, m, tid);
}

inline void queueVector(int size, const int8_t *v, int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_queue_vector(size, v, tid);
}
template <typename T>
inline std::enable_if_t<std::is_floating_point_v<T>>
queueVector(int size, T max, const T *v, int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_queue_values(size, max, v, tid);
}
inline void queueVectorAt(int size, const int8_t *v, int index, int tid AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_queue_vector_at(size, v, index, tid);
}

inline int aimcProcess(int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    return aimc_process(tid);
}

inline void dequeueVector(int size, int8_t *v, int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_dequeue_vector(size, v, tid);
}
template <typename T>
inline std::enable_if_t<std::is_floating_point_v<T>>
dequeueVector(int size, T max, T *v, int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_dequeue_values(size, max, v, tid);
}
inline void dequeueVectorAt(int size, int8_t *v, int index, int tid AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_dequeue_vector_at(size, v, index, tid);
}

inline void aimcQueue(uint64_t rm, int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_use_tile(tid);
    aimc_queue_group(rm);
}
inline uint64_t aimcDequeue(int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_use_tile(tid);
    return aimc_dequeue_codes(4);
}
inline uint64_t aimcParamRead(uint64_t rm, uint64_t rn, uint64_t, int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_use_tile(tid);
    return aimc_read_cell(rm, rn);
}
inline uint64_t aimcParamWrite(uint64_t rm, uint64_t rn, uint64_t ra, int tid = 0 AIMC_CALLER)
{
    AIMC_AT_CALLER;
    aimc_use_tile(tid);
    return aimc_initialize_cell(rm, rn, ra);
}

#endif
