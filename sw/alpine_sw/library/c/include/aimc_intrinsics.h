/* SPDX-License-Identifier: Apache-2.0
 *
 * The CM instructions as C functions. Written by `python -m alpine_sw.library.c.intrinsics` from
 * the table that the hardware's decoder is made from; do not edit.
 */
#ifndef AIMC_INTRINSICS_H
#define AIMC_INTRINSICS_H

#include <stdint.h>

#if !defined(__aarch64__) && !defined(__riscv)
#error "CM instructions exist for AArch64 and RISC-V; -DAIMC_CHECKER builds for other machines"
#endif

/* Major opcode of the RISC-V form: custom-0 unless the core uses it for something else. */
#ifndef AIMC_RISCV_OPCODE
#define AIMC_RISCV_OPCODE 0x0b
#endif
/* The simulator finds the instructions by their addresses, in a section that is not loaded: on a
   core that uses their opcode otherwise the words are none of ours. */
#define AIMC_RISCV_MARK "1: .pushsection .aimc_instructions\n.word 1b\n.popsection\n"
#define AIMC_AS_TEXT(number) #number
#define AIMC_TEXT_OF(macro) AIMC_AS_TEXT(macro)

/* Numbers of the hints to the simulator. */
#define AIMC_HINT_BEGIN 96
#define AIMC_HINT_END 97
#define AIMC_HINT_TILE 98
#define AIMC_HINT_ADC 99

/* Queue four DAC codes, the first in the lowest byte, where the last call ended. */
static inline void aimc_queue_group(uint64_t codes)
{
#if defined(__aarch64__)
    register uint64_t rm __asm__("x9") = codes;
    __asm__ volatile(".inst 0x2109ffff" :  : "r"(rm));
#else
    unsigned long rm = (unsigned long)codes;
    __asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", 0, 0, x0, %[rm], x0" :  : [rm] "r"(rm));
#endif
}

/* Queue one to four DAC codes where the last call ended. */
static inline void aimc_queue_codes(uint64_t codes, uint64_t count)
{
#if defined(__aarch64__)
    register uint64_t rm __asm__("x9") = codes;
    register uint64_t ra __asm__("x10") = count;
    __asm__ volatile(".inst 0x2109abff" :  : "r"(rm), "r"(ra));
#else
    unsigned long rm = (unsigned long)codes;
    unsigned long ra = (unsigned long)count;
    __asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", 0, 0, %[ra], %[rm], x0" :  : [rm] "r"(rm), [ra] "r"(ra));
#endif
}

/* Queue one to four DAC codes from word line `index` on. */
static inline void aimc_queue_codes_at(uint64_t codes, uint64_t count, uint64_t index)
{
#if defined(__aarch64__)
    register uint64_t rm __asm__("x9") = codes;
    register uint64_t ra __asm__("x10") = count;
    register uint64_t rn __asm__("x11") = index;
    __asm__ volatile(".inst 0x2109a97f" :  : "r"(rm), "r"(ra), "r"(rn));
#else
    unsigned long rm = (unsigned long)codes;
    unsigned long ra = (unsigned long)count;
    unsigned long rn = (unsigned long)index;
    __asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", 0, 0, %[ra], %[rm], %[rn]" :  : [rm] "r"(rm), [ra] "r"(ra), [rn] "r"(rn));
#endif
}

/* Return one to four ADC codes, the first in the lowest byte, from where the last call ended. */
static inline uint64_t aimc_dequeue_codes(uint64_t count)
{
#if defined(__aarch64__)
    register uint64_t rm __asm__("x9") = count;
    register uint64_t rd __asm__("x12");
    __asm__ volatile(".inst 0x21097fec" : "=r"(rd) : "r"(rm));
    return rd;
#else
    unsigned long rm = (unsigned long)count;
    unsigned long rd;
    __asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", 1, 0, %[rd], %[rm], x0" : [rd] "=r"(rd) : [rm] "r"(rm));
    return rd;
#endif
}

/* Return one to four ADC codes from bit line `index` on. */
static inline uint64_t aimc_dequeue_codes_at(uint64_t count, uint64_t index)
{
#if defined(__aarch64__)
    register uint64_t rm __asm__("x9") = count;
    register uint64_t rn __asm__("x11") = index;
    register uint64_t rd __asm__("x12");
    __asm__ volatile(".inst 0x21097d6c" : "=r"(rd) : "r"(rm), "r"(rn));
    return rd;
#else
    unsigned long rm = (unsigned long)count;
    unsigned long rn = (unsigned long)index;
    unsigned long rd;
    __asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", 1, 0, %[rd], %[rm], %[rn]" : [rd] "=r"(rd) : [rm] "r"(rm), [rn] "r"(rn));
    return rd;
#endif
}

/* Multiply, digitise, clear the input memory and both counters; return the status. */
static inline uint64_t aimc_process_vector(void)
{
#if defined(__aarch64__)
    register uint64_t rd __asm__("x12");
    __asm__ volatile(".inst 0x011f7fec" : "=r"(rd) : );
    return rd;
#else
    unsigned long rd;
    __asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", 2, 0, %[rd], x0, x0" : [rd] "=r"(rd) : );
    return rd;
#endif
}

/* Program one cell; return the status: 0, or 3 beyond the tile. */
static inline uint64_t aimc_initialize_cell(uint64_t column, uint64_t row, uint64_t weight)
{
#if defined(__aarch64__)
    register uint64_t rm __asm__("x9") = column;
    register uint64_t rn __asm__("x11") = row;
    register uint64_t ra __asm__("x10") = weight;
    register uint64_t rd __asm__("x12");
    __asm__ volatile(".inst 0x4109296c" : "=r"(rd) : "r"(rm), "r"(rn), "r"(ra));
    return rd;
#else
    unsigned long rm = (unsigned long)column;
    unsigned long rn = (unsigned long)row;
    unsigned long ra = (unsigned long)weight;
    __asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", 3, 0, %[ra], %[rm], %[rn]" : [ra] "+r"(ra) : [rm] "r"(rm), [rn] "r"(rn));
    return ra;
#endif
}

/* Return the weight of one cell. */
static inline uint64_t aimc_read_cell(uint64_t column, uint64_t row)
{
#if defined(__aarch64__)
    register uint64_t rm __asm__("x9") = column;
    register uint64_t rn __asm__("x11") = row;
    register uint64_t rd __asm__("x12");
    __asm__ volatile(".inst 0x4109fd6c" : "=r"(rd) : "r"(rm), "r"(rn));
    return rd;
#else
    unsigned long rm = (unsigned long)column;
    unsigned long rn = (unsigned long)row;
    unsigned long rd;
    __asm__ volatile(AIMC_RISCV_MARK ".insn r " AIMC_TEXT_OF(AIMC_RISCV_OPCODE) ", 4, 0, %[rd], %[rm], %[rn]" : [rd] "=r"(rd) : [rm] "r"(rm), [rn] "r"(rn));
    return rd;
#endif
}

#endif
