/* SPDX-License-Identifier: Apache-2.0 */
/* Calls the kernel that the call's words name, on every core, and ends when all are done. */
#include "macros.h"

    .section .text.start, "ax"
    .globl _start
_start:
    la a2, alpine_kernel_call
    lw t0, 0(a2)
    la t1, table
    slli t0, t0, 2
    add t1, t1, t0
    lw t1, 0(t1)
    jalr t1
    li t0, ALPINE_EVENT_UNIT + ALPINE_BARRIER(0) + ALPINE_BARRIER_WAIT
    .insn i 0x0b, 3, x0, t0, 0 /* cv.elw */
    li a0, 0
    li a7, 93
    ecall

    .balign 4
table:
    .word KERNEL_TABLE

    .section .bss
    .balign 16
    .globl alpine_kernel_call
alpine_kernel_call:
    .space 4 * CALL_WORDS
