/* SPDX-License-Identifier: Apache-2.0 */
/* Meets exceptions with a handler that notes mcause, mtval and the offset of mepc, and goes on behind
   the instruction; then ends through `tohost` with the number of traps. */
    .option norvc
    .text
    .globl _start
_start:
    la s0, noted
    la t0, handler
    csrw mtvec, t0
    csrsi mstatus, 8
first:
    ecall
    .word 0xffffffff
    lw a0, 0(zero)
    sw a0, 4(zero)
    ebreak
    csrw mhartid, zero
    csrr a0, 0x7c0
    li t1, 0x10200000
    lb a0, 0(t1)
    csrr s2, mstatus
    sub s1, s0, s3
    la t0, tohost
    li t1, 17
    sw t1, 0(t0)
1:  j 1b

    .balign 4
handler:
    csrr t2, mcause
    cv.sw t2, (s0), 4
    csrr t2, mtval
    cv.sw t2, (s0), 4
    csrr t2, mstatus
    cv.sw t2, (s0), 4
    csrr t2, mepc
    la t3, first
    sub t3, t2, t3
    cv.sw t3, (s0), 4
    addi t2, t2, 4
    csrw mepc, t2
    mret

    .data
    .balign 4
    .globl noted
noted:
    .space 256
    .globl tohost
tohost:
    .word 0
