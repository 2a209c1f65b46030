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
