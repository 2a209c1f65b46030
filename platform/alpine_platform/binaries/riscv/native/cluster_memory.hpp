// SPDX-License-Identifier: Apache-2.0
// Loads and stores of a cluster's cores.

#pragma once

#include "cluster.hpp"

namespace alpine::riscv {

inline bool crosses_words(uint32_t address, uint32_t bytes) { return address % 4 + bytes > 4; }

inline uint32_t extended(Op op, uint32_t value) {
    switch (op) {
        case Op::kLb: return uint32_t(int32_t(int8_t(value)));
        case Op::kLh: return uint32_t(int32_t(int16_t(value)));
        case Op::kLbu: return value & 0xff;
        case Op::kLhu: return value & 0xffff;
        default: return value;
    }
}

inline void update_base(Core& core, const Decoded& d) {
    if (d.variant == kAddressingPostImmediate)
        core.set(d.rs1, core.x[d.rs1] + uint32_t(d.imm));
    else if (d.variant == kAddressingPostRegister)
        core.set(d.rs1, core.x[d.rs1] + core.x[d.store ? d.rd : d.rs2]);
}

inline void Cluster::move(Core& core, const Decoded& d) {
    const uint32_t address = address_of(core, d);
    Region* region = &memory.tcdm();
    if (!region->holds(address, d.access)) {
        for (Peripheral* peripheral : peripherals)
            if (peripheral->holds(address)) return touch(core, d, *peripheral, address);
        for (uint32_t device = 0; host.attached && device < kDevices; ++device)
            if (address - config.device_base[device] < config.device_bytes)
                return reach(core, d, device, address);
        region = memory.find(address, d.access);
    }
    if (!region) {
        core.second_half = false;
        return raise(core, d.store ? kStoreFault : kLoadFault, address, d.access);
    }
    if (crosses_words(address, d.access) && !core.second_half) {
        core.second_half = true;
        core.stall(Stall::kMisaligned, 1);
        core.ready = now + 1;
        return;
    }
    core.second_half = false;
    uint8_t* place = &region->bytes[address - region->base];
    uint32_t value = 0;
    if (d.store) {
        std::memcpy(place, &core.x[d.rs2], d.access);
        update_base(core, d);
        if (config.has_to_host && address - config.to_host < 4) {
            std::memcpy(&value, &region->bytes[config.to_host - region->base], 4);
            if (value) {
                fill(core, Stop::kToHost);
                record.status = value;
            }
        }
    } else {
        std::memcpy(&value, place, d.access);
        update_base(core, d);
        core.set(d.rd, extended(d.op, value));
    }
    const uint32_t event = d.op == Op::kElw ? config.timing.event_load - 1 : 0;
    retire(core, core.pc + d.bytes, region->extra_cycles + event, Stall::kMemory);
}

// A load or store of a register.
inline void Cluster::touch(Core& core, const Decoded& d, Peripheral& peripheral,
                           uint32_t address) {
    if (d.access != 4 || address % 4)
        return raise(core, d.store ? kStoreFault : kLoadFault, address, d.access);
    const uint32_t cycles =
        d.op == Op::kElw ? config.timing.event_load : config.timing.peripheral;
    const uint32_t offset = address - peripheral.base;
    uint32_t value = 0;
    if (d.store) {
        peripheral.write(core.hart, offset, core.x[d.rs2]);
    } else if (peripheral.read(core.hart, offset, value)) {
        core.set(d.rd, value);
    } else {
        core.state = State::kWaiting;
        core.waiting = d;
        core.waits_since = now;
        return;
    }
    update_base(core, d);
    retire(core, core.pc + d.bytes, cycles - 1, Stall::kMemory);
    wake();
}

// Lets the cores go on whose events have come.
inline void Cluster::wake() {
    uint32_t value = 0;
    for (Core& core : cores) {
        if (core.state != State::kWaiting || pending_calls >> core.hart & 1) continue;
        if (!events.answered(core.hart, value)) continue;
        const Decoded d = core.waiting;
        core.next = &core.waiting;
        core.state = State::kRunning;
        core.set(d.rd, value);
        const bool gated = d.op == Op::kElw;
        core.stall(gated ? Stall::kAsleep : Stall::kMemory, now - core.waits_since);
        retire(core, core.pc + d.bytes,
               (gated ? config.timing.event_load : config.timing.peripheral) - 1, Stall::kMemory);
    }
}

}  // namespace alpine::riscv
