/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the cycle counter before and behind short sequences and leaves the differences, of which
   the first read itself takes 4, at `measured`; tests/cosim/test_riscv_timing.py has the sequences
   in the same order. */
#include "alpine_imc_cluster.h"

    .option norvc
    .macro begin
    .balign 4
    csrr s0, mcycle
    .endm
    .macro end
    csrr s1, mcycle
    sub s1, s1, s0
    cv.sw s1, (s2), 4
    .endm

    .text
    .globl _start
_start:
    la s2, measured
    la s3, data
    la s4, l2_data
    li s5, ALPINE_EVENT_UNIT
    li t0, 7
    li t1, 0x80000000
    li t2, 1
    li t3, -1
    begin /* nothing */
    end
    begin
    add a0, t0, t1
    end
    begin
    mul a0, t0, t1
    end
    begin
    mulhu a0, t0, t1
    end
    begin
    divu a0, t0, t1
    end
    begin
    div a0, t0, t2
    end
    begin
    div a0, t0, t3
    end
    begin
    rem a0, t0, t1
    end
    begin
    remu a0, t0, zero
    end
    begin
    lw a0, 0(s3)
    end
    begin
    lw a0, 0(s3)
    add a1, a0, t0
    end
    begin
    lw a0, 0(s3)
    add a1, t0, t0
    add a1, a0, t0
    end
    begin
    cv.lw a0, (s3), 4
    add a1, s3, t0
    end
    addi s3, s3, -4
    begin
    sw t0, 0(s3)
    end
    begin
    lw a0, 1(s3)
    end
    begin
    lh a0, 3(s3)
    end
    begin
    lh a0, 1(s3)
    end
    begin
    sw t0, 2(s3)
    end
    begin
    beq t0, t1, 1f
1:  end
    begin
    bne t0, t1, 1f
    nop
1:  end
    begin
    bne t0, t1, 1f
    .option rvc
    c.nop
1:  .option norvc
    add a0, t0, t0
    .option rvc
    c.nop
    .option norvc
    end
    begin
    j 1f
    nop
1:  end
    la t4, 1f
    begin
    jr t4
    nop
1:  end
    la t4, 1f
    begin
    addi t4, t4, 0
    jr t4
1:  end
    begin
    csrr a0, mscratch
    end
    begin
    csrr a0, mstatus
    end
    begin
    fence.i
    end
    begin
    lw a0, 0(s4)
    end
    begin
    lw a0, ALPINE_EVENT_MASK(s5)
    end
    begin
    .insn i 0x0b, 3, a0, s5, ALPINE_BARRIER(0) + ALPINE_BARRIER_WAIT
    end
    li t4, 10
    begin
    .insn i 0x2b, 4, x14, t4, 4 /* cv.setup 0 */
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    end
    begin
    cv.sdotsp.b a0, t0, t1
    cv.sdotsp.b a0, a0, t1
    end
    begin
    .insn i 0x2b, 4, x15, t4, 7 /* cv.setup 1 */
    .insn i 0x2b, 4, x14, t0, 4 /* cv.setup 0 */
    addi a0, a0, 1
    addi a0, a0, 1
    addi a0, a0, 1
    addi a1, a1, 1
    addi a1, a1, 1
    end
    li a0, 0
    li a7, 93
    ecall

    .data
    .balign 4
data:
    .word 1, 2, 3

    .section .l2, "aw"
    .balign 4
l2_data:
    .word 1

    .bss
    .globl measured
    .balign 4
measured:
    .space 256
