/* SPDX-License-Identifier: Apache-2.0 */
/* Goes through a list of commands (alpine_sw.riscv.command_list): kernels on every core, work for
   accelerators and DMA by hart 0. A command is its code, its length in words, and its words. Other
   harts go from kernel to kernel and sleep at the barrier before each. */
#include "macros.h"

#define LIST 0
#define HART 4
#define CORES 8
#define MARKS 12
#define FINISHED 16
#define FRAME 32

    .section .text.start, "ax"
    .globl _start
_start:
    addi sp, sp, -FRAME
    sw a0, HART(sp)
    sw a1, CORES(sp)
    la t0, alpine_commands
    lw t1, 0(t0)
    sw t1, LIST(sp)
    lw t1, 4(t0)
    sw t1, MARKS(sp)
    sw zero, FINISHED(sp)
    sw zero, FINISHED + 4(sp)

next:
    lw s0, LIST(sp)
    lw t0, 0(s0)
    lw s1, 4(s0)
    slli s1, s1, 2
    add s1, s1, s0 /* behind the command */
    sw s1, LIST(sp)
    li t1, COMMAND_KERNEL
    beq t0, t1, kernel
    beqz t0, end
    lw t1, HART(sp)
    bnez t1, next
    li t1, COMMAND_WAIT
    beq t0, t1, wait
    li t1, COMMAND_MARK
    beq t0, t1, mark

/* Words for registers: base, then offsets and values; a context is acquired first and triggered. */
    lw s2, 8(s0)
    addi s0, s0, 12
    li t1, COMMAND_CONTEXT
    bne t0, t1, 1f
    lw t2, ALPINE_IMA_ACQUIRE(s2)
1:  bgeu s0, s1, 2f
    lw t2, 0(s0)
    lw t3, 4(s0)
    addi s0, s0, 8
    add t2, t2, s2
    sw t3, 0(t2)
    j 1b
2:  bne t0, t1, next
    sw zero, ALPINE_IMA_TRIGGER(s2)
    j next

/* A kernel's number and parameters; all cores have come before it begins and when it is done. */
kernel:
    li s1, ALPINE_EVENT_UNIT + ALPINE_BARRIER(0) + ALPINE_BARRIER_WAIT
    .insn i 0x0b, 3, x0, s1, 0 /* cv.elw */
    lw t0, 8(s0)
    la t1, table
    slli t0, t0, 2
    add t1, t1, t0
    lw t1, 0(t1)
    lw a0, HART(sp)
    lw a1, CORES(sp)
    addi a2, s0, 8
    jalr t1
    li s1, ALPINE_EVENT_UNIT + ALPINE_BARRIER(0) + ALPINE_BARRIER_WAIT
    .insn i 0x0b, 3, x0, s1, 0
    j next

/* Register, mask of the event, how many, and which accelerator's count, or -1 where the register
   itself counts on: an accelerator's forgets what has been read. */
wait:
    lw s2, 8(s0)
    lw t1, 12(s0)
    lw s3, 16(s0)
    lw s4, 20(s0)
    li s5, ALPINE_EVENT_UNIT
    sw t1, ALPINE_EVENT_MASK(s5)
    addi s5, s5, ALPINE_EVENT_WAIT_CLEAR
    slli t2, s4, 2
    add t2, t2, sp
1:  lw t1, 0(s2)
    bltz s4, 2f
    lw t3, FINISHED(t2)
    add t1, t1, t3
    sw t1, FINISHED(t2)
2:  bgeu t1, s3, next
    .insn i 0x0b, 3, x0, s5, 0
    j 1b

/* The cycle is noted. */
mark:
    csrr t0, mcycle
    lw t1, MARKS(sp)
    sw t0, 0(t1)
    addi t1, t1, 4
    sw t1, MARKS(sp)
    j next

/* Registers with an accelerator's status follow: the exit status is their errors. */
end:
    li s2, ALPINE_EVENT_UNIT + ALPINE_BARRIER(0) + ALPINE_BARRIER_WAIT
    .insn i 0x0b, 3, x0, s2, 0
    li a0, 0
    addi s0, s0, 8
1:  bgeu s0, s1, 2f
    lw t0, 0(s0)
    addi s0, s0, 4
    lw t0, 0(t0)
    srli t0, t0, ALPINE_IMA_STATUS_ERROR_SHIFT
    or a0, a0, t0
    j 1b
2:
    li a7, 93
    ecall

    .balign 4
table:
    .word KERNEL_TABLE

    .section .bss
    .balign 16
    .globl alpine_commands
alpine_commands:
    .space 8 /* where the list is, and where cycles are noted */
