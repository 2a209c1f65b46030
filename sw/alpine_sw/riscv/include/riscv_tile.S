/* SPDX-License-Identifier: Apache-2.0 */
/* Start of a C program on system riscv-tile: calls main(argc, argv) and exits with what it returned.
   Memory is zero where the file names none. */
    .section .text.start, "ax"
    .globl _start
_start:
    mv a0, a2
    mv a1, a3
    call main
    li a7, 93
    ecall
