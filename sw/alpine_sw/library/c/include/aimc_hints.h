/* SPDX-License-Identifier: Apache-2.0
 *
 * Hints to the simulator: names of regions, the tile that CM instructions address, the size of an
 * ADC code. Each is one instruction that does nothing on a processor that does not know it: a hint
 * of AArch64 whose number is not allocated, or a `slti` into x0 on RISC-V, which the architecture
 * leaves to custom hints. The numbers are of aimc_intrinsics.h. Included by aimclib.h.
 */
#ifndef AIMC_HINTS_H
#define AIMC_HINTS_H

#include <stdint.h>

#if defined(__aarch64__)
#define AIMC_HINT(number) "hint #" AIMC_TEXT_OF(number)
#define AIMC_ADDRESS ".xword"
#else
#define AIMC_HINT(number) "slti x0, x0, " AIMC_TEXT_OF(number)
#if __riscv_xlen == 64
#define AIMC_ADDRESS ".dword"
#else
#define AIMC_ADDRESS ".word"
#endif
#endif

/* A part of the run's breakdown; parts may stand in parts. The name is a string literal. It stands
   beside the instruction's address in a section that is not loaded, so that nothing executes for it
   but the hint. */
#define aimc_begin(name)                                                                           \
    __asm__ volatile("1: " AIMC_HINT(AIMC_HINT_BEGIN) "\n"                                         \
                     ".pushsection .aimc_regions\n"                                                \
                     AIMC_ADDRESS " 1b\n"                                                          \
                     ".asciz \"" name "\"\n"                                                       \
                     ".popsection" ::: "memory")
#define aimc_end() __asm__ volatile(AIMC_HINT(AIMC_HINT_END) ::: "memory")

/* Which of the core's tiles the next CM instructions address. A program for cores with one tile is
   compiled without the instruction; AIMC_TILES says how many tiles a core has. */
static inline void aimc_use_tile(int tid)
{
#if defined(AIMC_TILES) && AIMC_TILES > 1
#if defined(__aarch64__)
    register uint64_t tile __asm__("x9") = (uint64_t)(unsigned)tid;
#else
    register unsigned long tile __asm__("a0") = (unsigned long)(unsigned)tid;
#endif
    __asm__ volatile(AIMC_HINT(AIMC_HINT_TILE) : : "r"(tile));
#else
    (void)tid;
#endif
}

/* Set the dot product per ADC code of `count` bit lines from `column` on: part of programming a
   tile, as the weights are. 1 everywhere until then. */
static inline void aimc_adc(int column, int count, const float *lsb, int tid)
{
    aimc_use_tile(tid);
#if defined(__aarch64__)
    register uint64_t first __asm__("x9") = (uint64_t)(unsigned)column;
    register uint64_t number __asm__("x10") = (uint64_t)(unsigned)count;
    register const float *address __asm__("x11") = lsb;
#else
    register unsigned long first __asm__("a0") = (unsigned long)(unsigned)column;
    register unsigned long number __asm__("a1") = (unsigned long)(unsigned)count;
    register const float *address __asm__("a2") = lsb;
#endif
    __asm__ volatile(AIMC_HINT(AIMC_HINT_ADC) : : "r"(first), "r"(number), "r"(address) : "memory");
}

/* What only the checker looks at. */
#define aimc_expect_matrix(x, y, height, width, tid) ((void)0)
#define aimc_expect_number(value) ((void)0)
#define aimc_expect_range(max) ((void)0)

#endif
