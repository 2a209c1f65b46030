/* SPDX-License-Identifier: Apache-2.0 */
/* Start of a C program on system imc-cluster: every hart calls main(argc, argv); when all have come
   back, hart 0 exits with what its own main returned. Memory is zero where the file names none. */
#include "alpine_imc_cluster.h"

    .section .text.start, "ax"
    .globl _start
_start:
    la t0, alpine_core_count
    sw a1, 0(t0)
    mv a0, a2
    mv a1, a3
    call main
    mv s0, a0
    li t0, ALPINE_EVENT_UNIT + ALPINE_BARRIER(ALPINE_BARRIERS - 1) + ALPINE_BARRIER_WAIT
    .insn i 0x0b, 3, x0, t0, 0 /* cv.elw */
    mv a0, s0
    li a7, 93
    ecall

    .section .bss
    .balign 4
    .globl alpine_core_count
alpine_core_count:
    .space 4
