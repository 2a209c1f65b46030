/* SPDX-License-Identifier: Apache-2.0 */
/* System imc-cluster: addresses, events, barriers. Made by alpine_sw.riscv.c_header. */
#ifndef ALPINE_IMC_CLUSTER_H
#define ALPINE_IMC_CLUSTER_H

#define ALPINE_TCDM 0x10000000
#define ALPINE_EVENT_UNIT 0x10200000
#define ALPINE_IMA 0x10201000
#define ALPINE_DEPTHWISE 0x10201400
#define ALPINE_DMA 0x10201800
#define ALPINE_L2 0x1c000000
#define ALPINE_TCDM_BYTES 0x80000

/* Offsets from ALPINE_EVENT_UNIT. */
#define ALPINE_EVENT_MASK 0x0
#define ALPINE_EVENT_EVENTS 0x4
#define ALPINE_EVENT_CLEAR 0x8
#define ALPINE_EVENT_WAIT 0xc
#define ALPINE_EVENT_WAIT_CLEAR 0x10
#define ALPINE_EVENT_TRIGGER 0x14
#define ALPINE_BARRIERS 8
#define ALPINE_BARRIER(n) (0x100 + (n) * 0x10)
#define ALPINE_BARRIER_CORES 0x0
#define ALPINE_BARRIER_ARRIVED 0x4
#define ALPINE_BARRIER_WAIT 0x8

/* Bits of the events. */
#define ALPINE_LINE_SOFTWARE 0
#define ALPINE_LINE_DMA 1
#define ALPINE_LINE_IMA 2
#define ALPINE_LINE_DEPTHWISE 3

/* In-memory accelerator registers: offsets from ALPINE_IMA. */
#define ALPINE_IMA_TRIGGER 0x0
#define ALPINE_IMA_ACQUIRE 0x4
#define ALPINE_IMA_FINISHED 0x8
#define ALPINE_IMA_STATUS 0xc
#define ALPINE_IMA_STATUS_BUSY_SHIFT 0
#define ALPINE_IMA_STATUS_ERROR_SHIFT 8
#define ALPINE_IMA_RUNNING 0x10
#define ALPINE_IMA_SOFT_CLEAR 0x14
#define ALPINE_IMA_ID 0x18
#define ALPINE_IMA_VERSION 0x1c
#define ALPINE_IMA_BUSY_CYCLES 0x20
#define ALPINE_IMA_STALLED_CYCLES 0x24
#define ALPINE_IMA_PRODUCTS 0x28
#define ALPINE_IMA_BYTES_IN 0x2c
#define ALPINE_IMA_BYTES_OUT 0x30
#define ALPINE_IMA_CLEAR_COUNTERS 0x34
#define ALPINE_IMA_PRODUCT_CYCLES 0x38
#define ALPINE_IMA_GEOMETRY 0x3c
#define ALPINE_IMA_GEOMETRY_ROWS_SHIFT 0
#define ALPINE_IMA_GEOMETRY_COLUMNS_SHIFT 10
#define ALPINE_IMA_GEOMETRY_CROSSBARS_SHIFT 20
#define ALPINE_IMA_GEOMETRY_PORT_BYTES_LOG2_SHIFT 26
#define ALPINE_IMA_CROSSBAR 0x40
#define ALPINE_IMA_ROW 0x44
#define ALPINE_IMA_COLUMN 0x48
#define ALPINE_IMA_ROWS 0x4c
#define ALPINE_IMA_COLUMNS 0x50
#define ALPINE_IMA_SOURCE 0x54
#define ALPINE_IMA_RUN_BYTES 0x58
#define ALPINE_IMA_RUNS 0x5c
#define ALPINE_IMA_RUN_STRIDE 0x60
#define ALPINE_IMA_JOBS_X 0x64
#define ALPINE_IMA_SOURCE_STRIDE_X 0x68
#define ALPINE_IMA_JOBS_Y 0x6c
#define ALPINE_IMA_SOURCE_STRIDE_Y 0x70
#define ALPINE_IMA_DESTINATION 0x74
#define ALPINE_IMA_DESTINATION_STRIDE_X 0x78
#define ALPINE_IMA_DESTINATION_STRIDE_Y 0x7c
#define ALPINE_IMA_CELL_ROW 0x80
#define ALPINE_IMA_CELL_COLUMN 0x84
#define ALPINE_IMA_CELL_CROSSBAR 0x88
#define ALPINE_IMA_CELL_WEIGHT 0x8c

/* Depthwise engine registers: offsets from ALPINE_DEPTHWISE. */
#define ALPINE_DEPTHWISE_TRIGGER 0x0
#define ALPINE_DEPTHWISE_ACQUIRE 0x4
#define ALPINE_DEPTHWISE_FINISHED 0x8
#define ALPINE_DEPTHWISE_STATUS 0xc
#define ALPINE_DEPTHWISE_STATUS_BUSY_SHIFT 0
#define ALPINE_DEPTHWISE_STATUS_ERROR_SHIFT 8
#define ALPINE_DEPTHWISE_RUNNING 0x10
#define ALPINE_DEPTHWISE_SOFT_CLEAR 0x14
#define ALPINE_DEPTHWISE_ID 0x18
#define ALPINE_DEPTHWISE_VERSION 0x1c
#define ALPINE_DEPTHWISE_BUSY_CYCLES 0x20
#define ALPINE_DEPTHWISE_STALLED_CYCLES 0x24
#define ALPINE_DEPTHWISE_PRODUCTS 0x28
#define ALPINE_DEPTHWISE_BYTES_IN 0x2c
#define ALPINE_DEPTHWISE_BYTES_OUT 0x30
#define ALPINE_DEPTHWISE_CLEAR_COUNTERS 0x34
#define ALPINE_DEPTHWISE_GEOMETRY 0x3c
#define ALPINE_DEPTHWISE_GEOMETRY_ROWS_SHIFT 0
#define ALPINE_DEPTHWISE_GEOMETRY_COLUMNS_SHIFT 10
#define ALPINE_DEPTHWISE_GEOMETRY_CROSSBARS_SHIFT 20
#define ALPINE_DEPTHWISE_GEOMETRY_PORT_BYTES_LOG2_SHIFT 26
#define ALPINE_DEPTHWISE_SOURCE 0x40
#define ALPINE_DEPTHWISE_DESTINATION 0x44
#define ALPINE_DEPTHWISE_WEIGHTS 0x48
#define ALPINE_DEPTHWISE_HEIGHT 0x4c
#define ALPINE_DEPTHWISE_WIDTH 0x50
#define ALPINE_DEPTHWISE_CHANNELS 0x54
#define ALPINE_DEPTHWISE_MODE 0x58
#define ALPINE_DEPTHWISE_MODE_STRIDE_SHIFT 0
#define ALPINE_DEPTHWISE_MODE_TOP_SHIFT 4
#define ALPINE_DEPTHWISE_MODE_BOTTOM_SHIFT 5
#define ALPINE_DEPTHWISE_MODE_LEFT_SHIFT 6
#define ALPINE_DEPTHWISE_MODE_RIGHT_SHIFT 7
#define ALPINE_DEPTHWISE_ACTIVATION 0x5c
#define ALPINE_DEPTHWISE_ACTIVATION_SHIFT_SHIFT 0
#define ALPINE_DEPTHWISE_ACTIVATION_RELU_SHIFT 8
#define ALPINE_DEPTHWISE_PITCH 0x60

/* DMA of a cluster: offsets from ALPINE_DMA. */
#define ALPINE_DMA_SOURCE 0x0
#define ALPINE_DMA_DESTINATION 0x4
#define ALPINE_DMA_ROW_BYTES 0x8
#define ALPINE_DMA_ROWS 0xc
#define ALPINE_DMA_SOURCE_STRIDE 0x10
#define ALPINE_DMA_DESTINATION_STRIDE 0x14
#define ALPINE_DMA_START 0x18
#define ALPINE_DMA_WAITING 0x1c
#define ALPINE_DMA_TRANSFERS 0x20
#define ALPINE_DMA_BYTES 0x24
#define ALPINE_DMA_BUSY_CYCLES 0x28
#define ALPINE_DMA_STALLED_CYCLES 0x2c
#define ALPINE_DMA_REFUSED 0x30

#ifndef __ASSEMBLER__

#include <stdint.h>

extern uint32_t alpine_core_count; /* set by crt0.S */

static inline uint32_t alpine_hart(void) {
    uint32_t hart;
    __asm__ volatile("csrr %0, mhartid" : "=r"(hart));
    return hart;
}

static inline uint32_t alpine_cycles(void) {
    uint32_t cycles;
    __asm__ volatile("csrr %0, mcycle" : "=r"(cycles));
    return cycles;
}

static inline volatile uint32_t *alpine_register(uint32_t address) {
    return (volatile uint32_t *)(uintptr_t)address;
}

/* Loads a register of the event unit with the clock off until it answers (cv.elw). */
static inline uint32_t alpine_event_load(uint32_t address) {
    uint32_t value;
    __asm__ volatile(".insn i 0x0b, 3, %0, %1, 0" : "=r"(value) : "r"(address) : "memory");
    return value;
}

/* Waits until all cores of a barrier have come; all harts take part after reset. */
static inline void alpine_barrier(uint32_t barrier) {
    alpine_event_load(ALPINE_EVENT_UNIT + ALPINE_BARRIER(barrier) + ALPINE_BARRIER_WAIT);
}

/* Waits for one of the events of a mask, clears those that have come and returns them. */
static inline uint32_t alpine_wait_events(uint32_t mask) {
    *alpine_register(ALPINE_EVENT_UNIT + ALPINE_EVENT_MASK) = mask;
    return alpine_event_load(ALPINE_EVENT_UNIT + ALPINE_EVENT_WAIT_CLEAR);
}

/* Gives the software event to the cores whose bits are set. */
static inline void alpine_trigger(uint32_t cores) {
    *alpine_register(ALPINE_EVENT_UNIT + ALPINE_EVENT_TRIGGER) = cores;
}

static inline int32_t alpine_write(int descriptor, const void *data, uint32_t bytes) {
    register int32_t a0 __asm__("a0") = descriptor;
    register const void *a1 __asm__("a1") = data;
    register uint32_t a2 __asm__("a2") = bytes, a7 __asm__("a7") = 64;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

#endif /* __ASSEMBLER__ */

#endif
