/* SPDX-License-Identifier: Apache-2.0
 *
 * The functional tile in the place of the CM instructions, for programs built for the host with
 * -DAIMC_CHECKER. Link aimc_checker.c. Every thread has tiles of its own, as every core has.
 *
 * Geometry: AIMC_TILE in the environment when the program starts, ROWSxCOLUMNS, several tiles of a
 * core joined by +; 1024x1024 without it.
 */
#ifndef AIMC_CHECKER_H
#define AIMC_CHECKER_H

#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

void aimc_checker_at(const char *file, int line);
void aimc_expect_matrix(int column, int row, int height, int width, int tid);
void aimc_expect_number(double value);
void aimc_expect_range(double max);
void aimc_use_tile(int tid);
void aimc_adc(int column, int count, const float *lsb, int tid);

void aimc_queue_group(uint64_t codes);
void aimc_queue_codes(uint64_t codes, uint64_t count);
void aimc_queue_codes_at(uint64_t codes, uint64_t count, uint64_t index);
uint64_t aimc_dequeue_codes(uint64_t count);
uint64_t aimc_dequeue_codes_at(uint64_t count, uint64_t index);
uint64_t aimc_process_vector(void);
uint64_t aimc_initialize_cell(uint64_t column, uint64_t row, uint64_t weight);
uint64_t aimc_read_cell(uint64_t column, uint64_t row);

#if defined(__cplusplus)
}
#endif

#define AIMC_HERE aimc_checker_at(__FILE__, __LINE__)
#define aimc_begin(name) ((void)"" name)
#define aimc_end() ((void)0)

#endif
