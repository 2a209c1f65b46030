/* SPDX-License-Identifier: Apache-2.0 */
/* Transposition, residual addition, addition of partial sums and pooling. */
#include "macros.h"

    .text
/* Each core takes columns; a column is read with the row's length as step and written in one run. */
    .globl transposition
transposition:
    lw s0, TRANSPOSITION_INPUT(a2)
    lw s1, TRANSPOSITION_OUTPUT(a2)
    lw s2, TRANSPOSITION_ROWS(a2)
    lw s3, TRANSPOSITION_COLUMNS(a2)
    share t0, t1, s3, t2
    srli s4, s2, 1
    andi s5, s2, 1
    mul t2, t0, s2
    add s1, s1, t2
1:  bgeu t0, t1, 4f
    add t2, s0, t0
    addi t0, t0, 1
    beqz s4, 2f
    loop0 s4, 4
    cv.lb t3, (t2), s3
    cv.lb t4, (t2), s3
    cv.sb t3, (s1), 1
    cv.sb t4, (s1), 1
2:  beqz s5, 1b
    lb t3, 0(t2)
    cv.sb t3, (s1), 1
    j 1b
4:  ret

/* Cores take blocks of 16 elements in turn: eight cores are then at different banks. */
    .globl addition
addition:
    lw s0, ADDITION_INPUT(a2)
    lw s1, ADDITION_OTHER(a2)
    lw s2, ADDITION_OUTPUT(a2)
    lw s7, ADDITION_ELEMENTS(a2)
    lw s3, ADDITION_SHIFT(a2)
    lw s4, ADDITION_LOW(a2)
    lw s5, ADDITION_SCALE(a2)
    lw s6, ADDITION_OTHER_SCALE(a2)
    li s8, 16
    slli t0, a0, 4
    slli s9, a1, 4
1:  bgeu t0, s7, 2f
    sub t1, s7, t0
    cv.min t1, t1, s8
    add t4, s0, t0
    add t5, s1, t0
    add t6, s2, t0
    add t0, t0, s9
    loop0 t1, 8
    cv.lb a3, (t4), 1
    cv.lb a4, (t5), 1
    mul t3, a3, s5
    cv.mac t3, a4, s6
    finish t3, s3, s4
    cv.sb t3, (t6), 1
    j 1b
2:  ret

    .globl partial_sums
partial_sums:
    lw s0, PARTIAL_SUMS_INPUT(a2)
    lw s1, PARTIAL_SUMS_OUTPUT(a2)
    lw s2, PARTIAL_SUMS_ELEMENTS(a2)
    lw s5, PARTIAL_SUMS_PARTS(a2)
    share t0, t1, s2, t3
    lw s3, PARTIAL_SUMS_SHIFT(a2)
    lw s4, PARTIAL_SUMS_LOW(a2)
    add s1, s1, t0
1:  bgeu t0, t1, 3f
    add t2, s0, t0
    addi t0, t0, 1
    li t3, 0
    loop0 s5, 3
    cv.lb t5, (t2), s2
    nop
    add t3, t3, t5
    finish t3, s3, s4
    cv.sb t3, (s1), 1
    j 1b
3:  ret

/* Each core takes output pixels and goes through their channels. */
    .globl pooling
pooling:
    lw t0, POOLING_OUT_HEIGHT(a2)
    lw s5, POOLING_OUT_WIDTH(a2)
    mul t0, t0, s5
    share s6, s7, t0, t1
    lw s3, POOLING_SHIFT(a2)
    lw s4, POOLING_LOW(a2)
    lw s8, POOLING_CHANNELS(a2)
    lw s9, POOLING_SIDE(a2)
    lw s10, POOLING_SCALE(a2)
    lw a3, POOLING_WIDTH(a2)
    lw a4, POOLING_STRIDE(a2)
    mul a3, a3, s8 /* bytes of a row */
    mul s2, s9, s8
    sub s2, a3, s2 /* from a window's row to the next */
    lw s1, POOLING_OUTPUT(a2)
    mul t0, s6, s8
    add s1, s1, t0
1:  bgeu s6, s7, 9f
    divu t0, s6, s5
    remu t1, s6, s5
    addi s6, s6, 1
    mul t0, t0, a4
    mul t1, t1, a4
    mul t0, t0, a3
    mul t1, t1, s8
    lw s0, POOLING_INPUT(a2)
    add s0, s0, t0
    add s0, s0, t1
    mv s11, s8
2:  mv t2, s0
    addi s0, s0, 1
    mv t4, s9
    li t3, 0
    bnez s10, 3f
    li t3, -128
    j 6f
3:  mv t5, s9
4:  cv.lb t6, (t2), s8
    addi t5, t5, -1
    add t3, t3, t6
    bnez t5, 4b
    add t2, t2, s2
    addi t4, t4, -1
    bnez t4, 3b
    mul t3, t3, s10
    j 8f
6:  mv t5, s9
7:  cv.lb t6, (t2), s8
    addi t5, t5, -1
    cv.max t3, t3, t6
    bnez t5, 7b
    add t2, t2, s2
    addi t4, t4, -1
    bnez t4, 6b
8:  finish t3, s3, s4
    cv.sb t3, (s1), 1
    addi s11, s11, -1
    bnez s11, 2b
    j 1b
9:  ret
