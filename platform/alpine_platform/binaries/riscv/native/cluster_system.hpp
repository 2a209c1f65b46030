// SPDX-License-Identifier: Apache-2.0
// Exceptions, calls of the host, and control registers.

#pragma once

#include "cluster.hpp"

namespace alpine::riscv {

// Notes why the cores stand. Calls of the host can wait; of other reasons the first one counts,
// and a core whose exception was not noted meets it again.
inline void Cluster::fill(const Core& core, Stop stop) {
    if (stop_asked_ && record.stop != Stop::kHostCall) return;
    if (stop_asked_ && stop == Stop::kHostCall) return;
    stop_asked_ = true;
    record = {};
    record.stop = stop;
    record.hart = core.hart;
    record.pc = core.pc;
    code_at(core.pc, record.word);
}

inline void Cluster::raise(Core& core, uint32_t cause, uint32_t value, uint32_t bytes) {
    if (!core.trap_handler) {
        const bool noted = !stop_asked_ || record.stop == Stop::kHostCall;
        fill(core, Stop::kException);
        if (!noted) return;
        record.cause = cause;
        record.address = value;
        record.bytes = bytes;
        return;
    }
    core.mepc = core.pc;
    core.mcause = cause;
    core.mtval = value;
    core.mstatus = kMpp | (core.mstatus & kMie ? kMpie : 0);
    core.pc = core.mtvec & ~3u;
    core.next = nullptr;
    core.loaded = core.written = 0;
    core.stall(Stall::kTrap, config.timing.trap);
    core.ready = now + config.timing.trap;
}

inline void Cluster::raise_illegal(Core& core) {
    uint32_t word = 0;
    code_at(core.pc, word);
    raise(core, kIllegal, (word & 3) == 3 ? word : word & 0xffff, 0);
}

inline void Cluster::call(Core& core) {
    if (core.trap_handler) return raise(core, kCall, 0, 0);
    pending_calls |= 1u << core.hart;
    core.state = State::kWaiting;
    fill(core, Stop::kHostCall);
}

// The host answers a CM instruction, or heeds a hint.
inline void Cluster::off_load(Core& core) {
    pending_calls |= 1u << core.hart;
    core.state = State::kWaiting;
    fill(core, Stop::kOffLoaded);
}

inline void Cluster::return_from_trap(Core& core) {
    core.mstatus = kMpp | kMpie | (core.mstatus & kMpie ? kMie : 0);
    jump(core, core.mepc, config.timing.jump, Stall::kJump);
}

inline void Cluster::access_csr(Core& core, const Decoded& d) {
    const uint32_t number = uint32_t(d.imm);
    const uint32_t operand = d.variant ? d.rs2 : core.x[d.rs1];
    const bool writes = d.op == Op::kCsrrw || (d.variant ? d.rs2 : d.rs1) != 0;
    const bool read_only = number >> 10 == 3;
    uint32_t old = 0;
    if (!csr_exists(number) || (writes && read_only) || !read_csr(core, Csr(number), old))
        return raise_illegal(core);
    if (writes) {
        const uint32_t value = d.op == Op::kCsrrw   ? operand
                               : d.op == Op::kCsrrs ? old | operand
                                                    : old & ~operand;
        write_csr(core, Csr(number), value);
    }
    core.set(d.rd, old);
    retire(core, core.pc + 4, csr_slow(number) ? config.timing.slow_csr - 1 : 0, Stall::kCsr);
}

inline bool read_loop(const Core& core, Csr number, uint32_t& value) {
    const HardwareLoop& loop = core.loop[number >= Csr::kLpstart1];
    switch (number) {
        case Csr::kLpstart0: case Csr::kLpstart1: value = loop.start; break;
        case Csr::kLpend0: case Csr::kLpend1: value = loop.end; break;
        default: value = loop.count;
    }
    return true;
}

inline bool Cluster::read_csr(const Core& core, Csr number, uint32_t& value) const {
    const uint64_t cycles = now + core.cycle_offset;
    const uint64_t instructions = core.instructions + core.instruction_offset;
    switch (number) {
        case Csr::kMstatus: value = core.mstatus; break;
        case Csr::kMisa: value = kMisa; break;
        case Csr::kMie: value = core.mie; break;
        case Csr::kMtvec: value = core.mtvec; break;
        case Csr::kMcountinhibit: value = core.mcountinhibit; break;
        case Csr::kMscratch: value = core.mscratch; break;
        case Csr::kMepc: value = core.mepc; break;
        case Csr::kMcause: value = core.mcause; break;
        case Csr::kMtval: value = core.mtval; break;
        case Csr::kMip: value = 0; break;
        case Csr::kMcycle: case Csr::kCycle: value = uint32_t(cycles); break;
        case Csr::kMcycleh: case Csr::kCycleh: value = uint32_t(cycles >> 32); break;
        case Csr::kMinstret: case Csr::kInstret: value = uint32_t(instructions); break;
        case Csr::kMinstreth: case Csr::kInstreth: value = uint32_t(instructions >> 32); break;
        case Csr::kLpstart0: case Csr::kLpend0: case Csr::kLpcount0: case Csr::kLpstart1:
        case Csr::kLpend1: case Csr::kLpcount1: return config.core_v && read_loop(core, number, value);
        case Csr::kPrivlv: value = 3; break;
        case Csr::kMvendorid: value = kOpenHardwareGroup; break;
        case Csr::kMarchid: value = kCv32e40p; break;
        case Csr::kMimpid: value = 0; break;
        case Csr::kUhartid: case Csr::kMhartid: value = core.hart; break;
        default: return false;
    }
    return true;
}

inline uint64_t with_low(uint64_t old, uint32_t value) { return (old >> 32 << 32) | value; }
inline uint64_t with_high(uint64_t old, uint32_t value) {
    return uint64_t(value) << 32 | uint32_t(old);
}

inline void Cluster::write_csr(Core& core, Csr number, uint32_t value) {
    const uint64_t cycles = now + core.cycle_offset;
    const uint64_t instructions = core.instructions + core.instruction_offset;
    switch (number) {
        case Csr::kMstatus: core.mstatus = kMpp | (value & (kMie | kMpie)); break;
        case Csr::kMie: core.mie = value; break;
        case Csr::kMtvec:
            core.mtvec = value;
            core.trap_handler = true;
            break;
        case Csr::kMcountinhibit: core.mcountinhibit = value; break;
        case Csr::kMscratch: core.mscratch = value; break;
        case Csr::kMepc: core.mepc = value & ~1u; break;
        case Csr::kMcause: core.mcause = value; break;
        case Csr::kMtval: core.mtval = value; break;
        case Csr::kMcycle: core.cycle_offset = with_low(cycles, value) - now; break;
        case Csr::kMcycleh: core.cycle_offset = with_high(cycles, value) - now; break;
        case Csr::kMinstret:
            core.instruction_offset = with_low(instructions, value) - core.instructions;
            break;
        case Csr::kMinstreth:
            core.instruction_offset = with_high(instructions, value) - core.instructions;
            break;
        default: break;
    }
}

}  // namespace alpine::riscv
