/* SPDX-License-Identifier: Apache-2.0 */
/* What all kernels share. At their start a0 = hart, a1 = number of cores, a2 = the call's words. */
#include "alpine_imc_cluster.h"
#include "kernel_parameters.h"

    .option norvc

/* Hardware loop 0 over the next `body` instructions; the count must not be 0. */
.macro loop0 count, body
    .insn i 0x2b, 4, x14, \count, \body + 1
.endm

/* This core's part of `total` items: from `first` up to `end`; \temporary is changed. */
.macro share first, end, total, temporary
    mul \temporary, a0, \total
    divu \first, \temporary, a1
    add \temporary, \temporary, \total
    divu \end, \temporary, a1
.endm

/* The result of a sum, in place. */
.macro finish sum, shift, low
    sra \sum, \sum, \shift
    cv.clip \sum, \sum, 8
    cv.max \sum, \sum, \low
.endm
