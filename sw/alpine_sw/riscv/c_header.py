# SPDX-License-Identifier: Apache-2.0
"""The C header of system imc-cluster, made from the tables that the simulator has its own from.

``python -m alpine_sw.riscv.c_header FILE`` writes it.
"""

from collections.abc import Iterator

from alpine_models.cluster_registers import DMA_REGISTERS
from alpine_models.files import deliver
from alpine_models.hwpe_registers import DEPTHWISE_REGISTERS, IMA_REGISTERS
from alpine_models.register_map import RegisterMap
from alpine_platform.binaries.riscv.cv32e40p_config import imc_cluster
from alpine_platform.binaries.riscv.event_unit import (
    BARRIER_STRIDE,
    BARRIERS,
    BarrierRegister,
    EventLine,
    EventRegister,
)
from alpine_platform.binaries.riscv.memory_map import MemoryMap, MemoryRange

__all__ = ["HEADER_NAME", "include_header"]

HEADER_NAME = "alpine_imc_cluster.h"

MAPS = {"IMA": IMA_REGISTERS, "DEPTHWISE": DEPTHWISE_REGISTERS, "DMA": DMA_REGISTERS}
"""Register maps by the names of their addresses."""

FUNCTIONS = """\
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
"""


def include_header() -> str:
    """Return the text of the header."""
    places = MemoryMap(imc_cluster(1))
    ranges = (places.tcdm, places.event_unit, *places.accelerators, places.l2)
    lines = [
        "/* SPDX-License-Identifier: Apache-2.0 */",
        "/* System imc-cluster: addresses, events, barriers. Made by alpine_sw.riscv.c_header. */",
        "#ifndef ALPINE_IMC_CLUSTER_H",
        "#define ALPINE_IMC_CLUSTER_H",
        "",
        *(f"#define ALPINE_{_name(each)} {each.base:#010x}" for each in ranges),
        f"#define ALPINE_TCDM_BYTES {places.tcdm.size_bytes:#x}",
        "",
        "/* Offsets from ALPINE_EVENT_UNIT. */",
        *(
            f"#define ALPINE_EVENT_{each.name} {int(each):#x}"
            for each in EventRegister
            if each is not EventRegister.BARRIERS
        ),
        f"#define ALPINE_BARRIERS {BARRIERS}",
        f"#define ALPINE_BARRIER(n) ({int(EventRegister.BARRIERS):#x} + (n) * {BARRIER_STRIDE:#x})",
        *(f"#define ALPINE_BARRIER_{each.name} {int(each):#x}" for each in BarrierRegister),
        "",
        "/* Bits of the events. */",
        *(f"#define ALPINE_LINE_{each.name} {int(each)}" for each in EventLine),
        *(line for name, registers in MAPS.items() for line in _registers(name, registers)),
        "",
        FUNCTIONS,
        "#endif",
        "",
    ]
    return "\n".join(lines)


def _registers(name: str, registers: RegisterMap) -> Iterator[str]:
    """Offsets of a map's registers, and the lowest bits of fields within them."""
    yield ""
    yield f"/* {registers.title}: offsets from ALPINE_{name}. */"
    for register in registers.registers:
        yield f"#define ALPINE_{name}_{register.name.upper()} {register.offset:#x}"
        if len(register.fields) > 1:
            for field in register.fields:
                full = f"ALPINE_{name}_{register.name.upper()}_{field.name.upper()}"
                yield f"#define {full}_SHIFT {field.low}"


def _name(place: MemoryRange) -> str:
    return place.name.split()[0].upper() if "unit" not in place.name else "EVENT_UNIT"


if __name__ == "__main__":
    deliver(include_header())
