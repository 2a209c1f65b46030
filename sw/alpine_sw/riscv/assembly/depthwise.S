/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolutions: each core takes channels, one after the other, and copies each into a
   scratch of its own with zeros around it. Input is CHW; output has strides, so it may be either. */
#include "macros.h"

#define RETURN 0
#define NEXT 4
#define END 8
#define WEIGHT 12
#define FRAME 32

/* The parameters that both kernels share stand at the same places. */
#if DEPTHWISE_3X3_CHANNEL_STRIDE != DEPTHWISE_GENERIC_CHANNEL_STRIDE
#error "parameters moved"
#endif

    .text
/* Begins a kernel over channels: s0 this core's scratch, filled with 0; s3 shift, s4 low. */
channels_begin:
    lw t0, DEPTHWISE_3X3_CHANNELS(a2)
    share t1, t2, t0, t3
    sw t1, NEXT(sp)
    sw t2, END(sp)
    lw s0, DEPTHWISE_3X3_SCRATCH(a2)
    lw t0, DEPTHWISE_3X3_SCRATCH_BYTES(a2)
    mul t1, t0, a0
    add s0, s0, t1
    lw s3, DEPTHWISE_3X3_SHIFT(a2)
    lw s4, DEPTHWISE_3X3_LOW(a2)
    mv t2, s0
    loop0 t0, 3
    cv.sb zero, (t2), 1
    nop
    nop
    ret

/* Takes the next channel into the scratch; a0 = its number, or -1 behind the last; s7 where its
   output goes. Keeps s0, s3, s4 and a2. */
channel_next:
    lw a0, NEXT(sp)
    lw t1, END(sp)
    bltu a0, t1, 1f
    li a0, -1
    ret
1:  addi t1, a0, 1
    sw t1, NEXT(sp)
    lw s7, DEPTHWISE_3X3_CHANNEL_STRIDE(a2)
    lw t0, DEPTHWISE_3X3_OUTPUT(a2)
    mul s7, s7, a0
    add s7, s7, t0
    lw t0, DEPTHWISE_3X3_HEIGHT(a2)
    lw t1, DEPTHWISE_3X3_WIDTH(a2)
    mul t2, t0, t1
    mul t2, t2, a0
    lw t3, DEPTHWISE_3X3_INPUT(a2)
    add t3, t3, t2 /* from */
    lw t4, DEPTHWISE_3X3_PITCH(a2)
    lw t5, DEPTHWISE_3X3_PADDING(a2)
    mul t2, t4, t5
    add t2, t2, t5
    add t2, t2, s0 /* to */
2:  mv t5, t2
    srli t6, t1, 3
    beqz t6, 3f
    loop0 t6, 4
    cv.lw a3, (t3), 4
    cv.lw a4, (t3), 4
    cv.sw a3, (t5), 4
    cv.sw a4, (t5), 4
3:  andi t6, t1, 7
    beqz t6, 5f
4:  cv.lb a3, (t3), 1
    addi t6, t6, -1
    cv.sb a3, (t5), 1
    bnez t6, 4b
5:  add t2, t2, t4
    addi t0, t0, -1
    bnez t0, 2b
    ret

/* The next three taps of a channel, from a3 on a5 apart, as a word with 0 above them. */
.macro three_taps word
    cv.lbu \word, (a3), a5
    cv.lbu t0, (a3), a5
    cv.lbu t1, (a3), a5
    slli t0, t0, 8
    slli t1, t1, 16
    or \word, \word, t0
    or \word, \word, t1
.endm

    .globl depthwise_3x3
depthwise_3x3:
    addi sp, sp, -FRAME
    sw ra, RETURN(sp)
    jal channels_begin
1:  jal channel_next
    bltz a0, 4f
    lw a3, DEPTHWISE_3X3_WEIGHTS(a2)
    lw a5, DEPTHWISE_3X3_CHANNELS(a2)
    add a3, a3, a0
    three_taps s8
    three_taps s9
    three_taps s10
    lw a4, DEPTHWISE_3X3_PITCH(a2)
    lw a6, DEPTHWISE_3X3_OUT_HEIGHT(a2)
    lw a7, DEPTHWISE_3X3_OUT_WIDTH(a2)
    lw s11, DEPTHWISE_3X3_PIXEL_STRIDE(a2)
    mv s1, s0
2:  mv t0, s1
    add t1, t0, a4
    add t2, t1, a4
    add s1, s1, a4
    loop0 a7, 10
    cv.lw t3, (t0), 1
    cv.lw t4, (t1), 1
    cv.lw t5, (t2), 1
    cv.dotsp.b t6, t3, s8
    cv.sdotsp.b t6, t4, s9
    cv.sdotsp.b t6, t5, s10
    finish t6, s3, s4
    cv.sb t6, (s7), s11
    addi a6, a6, -1
    bnez a6, 2b
    j 1b
4:  lw ra, RETURN(sp)
    addi sp, sp, FRAME
    ret

    .globl depthwise_generic
depthwise_generic:
    addi sp, sp, -FRAME
    sw ra, RETURN(sp)
    jal channels_begin
1:  jal channel_next
    bltz a0, 6f
    lw a3, DEPTHWISE_GENERIC_WEIGHTS(a2)
    lw a5, DEPTHWISE_GENERIC_CHANNELS(a2)
    add a3, a3, a0
    sw a3, WEIGHT(sp)
    lw a4, DEPTHWISE_GENERIC_PITCH(a2)
    lw a6, DEPTHWISE_GENERIC_OUT_HEIGHT(a2)
    lw s2, DEPTHWISE_GENERIC_SIDE(a2)
    lw s5, DEPTHWISE_GENERIC_STRIDE(a2)
    lw s11, DEPTHWISE_GENERIC_PIXEL_STRIDE(a2)
    mv s1, s0
2:  lw a7, DEPTHWISE_GENERIC_OUT_WIDTH(a2)
    mv s6, s1
3:  mv t0, s6 /* the window's row */
    lw a3, WEIGHT(sp)
    mv t1, s2
    li t6, 0
4:  mv t2, t0
    loop0 s2, 3
    cv.lb t3, (t2), 1
    cv.lb t4, (a3), a5
    cv.mac t6, t3, t4
    add t0, t0, a4
    addi t1, t1, -1
    bnez t1, 4b
    finish t6, s3, s4
    cv.sb t6, (s7), s11
    add s6, s6, s5
    addi a7, a7, -1
    bnez a7, 3b
    mul t0, a4, s5
    add s1, s1, t0
    addi a6, a6, -1
    bnez a6, 2b
    j 1b
6:  lw ra, RETURN(sp)
    addi sp, sp, FRAME
    ret
