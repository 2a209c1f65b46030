/* SPDX-License-Identifier: Apache-2.0 */
/* Pointwise and general convolutions: blocks of 4 output channels by 2 output pixels. */
#include "macros.h"

/* Frame of the kernels below. */
#define RETURN 0
#define NEXT 4
#define END 8
#define CALL 12
#define HART 16
#define SECOND 20
#define FRAME 32

    .text
/* All output channels of two pixels.
   s0 weights, s1 bytes of a pixel's column, s2 output channels, s3 shift, s4 low,
   s5 and s6 columns, s7 and s8 outputs. Changes everything but s3, s4 and sp. */
products:
    addi sp, sp, -16
    sw ra, 0(sp)
    sw s2, 4(sp)
four_channels:
    lw s2, 4(sp)
    li t0, 4
    blt s2, t0, one_channel
    addi s2, s2, -4
    sw s2, 4(sp)
    mv a3, s0
    add a4, a3, s1
    add a5, a4, s1
    add a6, a5, s1
    add s0, a6, s1
    mv a7, s5
    mv t0, s6
    li t1, 0
    li t2, 0
    li t3, 0
    li t4, 0
    li t5, 0
    li t6, 0
    li s9, 0
    li s10, 0
    srli ra, s1, 2
    beqz ra, 1f
    loop0 ra, 14
    cv.lw a0, (a3), 4
    cv.lw a1, (a4), 4
    cv.lw a2, (a5), 4
    cv.lw s11, (a6), 4
    cv.lw gp, (a7), 4
    cv.lw tp, (t0), 4
    cv.sdotsp.b t1, a0, gp
    cv.sdotsp.b t2, a1, gp
    cv.sdotsp.b t3, a2, gp
    cv.sdotsp.b t4, s11, gp
    cv.sdotsp.b t5, a0, tp
    cv.sdotsp.b t6, a1, tp
    cv.sdotsp.b s9, a2, tp
    cv.sdotsp.b s10, s11, tp
1:  andi ra, s1, 3
    beqz ra, 2f
    loop0 ra, 14
    cv.lb a0, (a3), 1
    cv.lb a1, (a4), 1
    cv.lb a2, (a5), 1
    cv.lb s11, (a6), 1
    cv.lb gp, (a7), 1
    cv.lb tp, (t0), 1
    cv.mac t1, a0, gp
    cv.mac t2, a1, gp
    cv.mac t3, a2, gp
    cv.mac t4, s11, gp
    cv.mac t5, a0, tp
    cv.mac t6, a1, tp
    cv.mac s9, a2, tp
    cv.mac s10, s11, tp
2:  finish t1, s3, s4
    finish t2, s3, s4
    finish t3, s3, s4
    finish t4, s3, s4
    finish t5, s3, s4
    finish t6, s3, s4
    finish s9, s3, s4
    finish s10, s3, s4
    cv.sb t1, (s7), 1
    cv.sb t2, (s7), 1
    cv.sb t3, (s7), 1
    cv.sb t4, (s7), 1
    cv.sb t5, (s8), 1
    cv.sb t6, (s8), 1
    cv.sb s9, (s8), 1
    cv.sb s10, (s8), 1
    j four_channels

/* The last one to three channels, one at a time. */
one_channel:
    beqz s2, 3f
    addi s2, s2, -1
    mv a7, s5
    mv t0, s6
    li t1, 0
    li t2, 0
    srli ra, s1, 2
    beqz ra, 1f
    loop0 ra, 5
    cv.lw a0, (s0), 4
    cv.lw gp, (a7), 4
    cv.lw tp, (t0), 4
    cv.sdotsp.b t1, a0, gp
    cv.sdotsp.b t2, a0, tp
1:  andi ra, s1, 3
    beqz ra, 2f
    loop0 ra, 5
    cv.lb a0, (s0), 1
    cv.lb gp, (a7), 1
    cv.lb tp, (t0), 1
    cv.mac t1, a0, gp
    cv.mac t2, a0, tp
2:  finish t1, s3, s4
    finish t2, s3, s4
    cv.sb t1, (s7), 1
    cv.sb t2, (s8), 1
    j one_channel
3:  lw ra, 0(sp)
    addi sp, sp, 16
    ret

/* Begins a kernel over pairs of pixels. */
.macro pairs_begin pixels
    addi sp, sp, -FRAME
    sw ra, RETURN(sp)
    sw a2, CALL(sp)
    sw a0, HART(sp)
    lw t0, \pixels(a2)
    addi t0, t0, 1
    srli t0, t0, 1
    share t1, t2, t0, t3
    sw t1, NEXT(sp)
    sw t2, END(sp)
.endm

/* Takes the next pair: t0 and t1 are its pixels, the same where the last one is alone; s7 and s8
   where their results go. Goes to `done` behind the last one. */
.macro pairs_next pixels, output, channels_out, done
    lw t0, NEXT(sp)
    lw t1, END(sp)
    bgeu t0, t1, \done
    addi t1, t0, 1
    sw t1, NEXT(sp)
    lw a2, CALL(sp)
    slli t0, t0, 1
    lw t2, \pixels(a2)
    addi t1, t0, 1
    bltu t1, t2, 9f
    mv t1, t0
9:  lw s2, \channels_out(a2)
    lw t3, \output(a2)
    mul t4, t0, s2
    add s7, t3, t4
    mul t4, t1, s2
    add s8, t3, t4
.endm

    .globl pointwise
pointwise:
    pairs_begin POINTWISE_PIXELS
1:  pairs_next POINTWISE_PIXELS, POINTWISE_OUTPUT, POINTWISE_CHANNELS_OUT, 2f
    lw s0, POINTWISE_WEIGHTS(a2)
    lw s1, POINTWISE_CHANNELS_IN(a2)
    lw s3, POINTWISE_SHIFT(a2)
    lw s4, POINTWISE_LOW(a2)
    lw t3, POINTWISE_INPUT(a2)
    mul t4, t0, s1
    add s5, t3, t4
    mul t4, t1, s1
    add s6, t3, t4
    jal products
    j 1b
2:  lw ra, RETURN(sp)
    addi sp, sp, FRAME
    ret

    .globl convolution
convolution:
    pairs_begin CONVOLUTION_PIXELS
1:  pairs_next CONVOLUTION_PIXELS, CONVOLUTION_OUTPUT, CONVOLUTION_CHANNELS_OUT, 2f
    sw t1, SECOND(sp)
    lw t2, CONVOLUTION_SIDE(a2)
    lw t3, CONVOLUTION_CHANNELS_IN(a2)
    mul t2, t2, t2
    mul s1, t2, t3
    lw s5, CONVOLUTION_SCRATCH(a2)
    lw t4, HART(sp)
    slli t5, s1, 1
    addi t5, t5, 8
    mul t4, t4, t5
    add s5, s5, t4
    add s6, s5, s1
    mv a0, t0
    mv a1, s5
    jal column
    lw a0, SECOND(sp)
    mv a1, s6
    jal column
    lw s0, CONVOLUTION_WEIGHTS(a2)
    lw s3, CONVOLUTION_SHIFT(a2)
    lw s4, CONVOLUTION_LOW(a2)
    jal products
    j 1b
2:  lw ra, RETURN(sp)
    addi sp, sp, FRAME
    ret

/* Writes what output pixel a0 sees of the input to a1; a2 the call. Keeps s1 to s8 and a2. */
column:
    lw t0, CONVOLUTION_OUT_WIDTH(a2)
    lw t1, CONVOLUTION_STRIDE(a2)
    lw t2, CONVOLUTION_PADDING(a2)
    divu t3, a0, t0
    remu t4, a0, t0
    mul t3, t3, t1
    mul t4, t4, t1
    sub t3, t3, t2 /* first row */
    sub s9, t4, t2 /* first column */
    lw s11, CONVOLUTION_SIDE(a2)
    lw a3, CONVOLUTION_WIDTH(a2)
    lw a4, CONVOLUTION_HEIGHT(a2)
    lw a5, CONVOLUTION_CHANNELS_IN(a2)
    lw a6, CONVOLUTION_INPUT(a2)
    add s10, t3, s11 /* end of the rows */
1:  mv t4, s9
    add a7, s9, s11 /* end of the columns */
2:  bgeu t3, a4, 5f
    bgeu t4, a3, 5f
    mul t5, t3, a3
    add t5, t5, t4
    mul t5, t5, a5
    add t5, t5, a6
    srli t6, a5, 3
    beqz t6, 3f
    loop0 t6, 4
    cv.lw t0, (t5), 4
    cv.lw t1, (t5), 4
    cv.sw t0, (a1), 4
    cv.sw t1, (a1), 4
3:  andi t6, a5, 7
    beqz t6, 6f
4:  cv.lb t0, (t5), 1
    addi t6, t6, -1
    cv.sb t0, (a1), 1
    bnez t6, 4b
    j 6f
5:  mv t6, a5
    loop0 t6, 3
    cv.sb zero, (a1), 1
    nop
    nop
6:  addi t4, t4, 1
    blt t4, a7, 2b
    addi t3, t3, 1
    blt t3, s10, 1b
    ret
