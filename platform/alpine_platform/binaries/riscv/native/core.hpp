// SPDX-License-Identifier: Apache-2.0
// State of one core, and arithmetic of its instructions.

#pragma once

#include <cstdint>

#include "decode.hpp"
#include "simd.hpp"

namespace alpine::riscv {

constexpr uint32_t kMisa = 0x40801104;  // RV32 I, M, C and X
constexpr uint32_t kMpp = 0x1800, kMie = 0x8, kMpie = 0x80;  // mstatus; machine mode alone
constexpr uint32_t kOpenHardwareGroup = 0x602, kCv32e40p = 4;

// Cycles of CV32E40P's table; set from `Cv32e40pConfig` in Python.
struct Timing {
    uint32_t taken_branch, jump, unaligned_target, high_product, division_least, slow_csr,
        event_load, trap;
    uint32_t peripheral;  // of the cluster
};

struct HardwareLoop {
    uint32_t start, end, count;
};

// kAccessing: an access to a register of a device is on its way.
enum class State : uint32_t { kRunning, kWaiting, kHalted, kAccessing };

struct Core {
    uint32_t x[32] = {};
    uint32_t pc = 0;
    uint32_t hart = 0;
    State state = State::kRunning;
    uint64_t ready = 0;          // cycle in which the next instruction may begin
    const Decoded* next = nullptr;  // fetched, its hazards are over
    uint32_t loaded = 0, written = 0;  // registers of the instruction before, one bit each
    bool second_half = false;    // of an access across words
    bool trap_handler = false;   // mtvec was written
    HardwareLoop loop[2] = {};
    uint32_t mstatus = kMpp, mtvec = 0, mscratch = 0, mepc = 0, mcause = 0, mtval = 0, mie = 0,
             mcountinhibit = 0;
    uint64_t cycle_offset = 0, instruction_offset = 0;  // what was written to the counters
    Decoded waiting{};           // the load that waits, and since when
    uint64_t waits_since = 0;
    uint64_t instructions = 0, ended = 0;
    uint64_t stalls[kStalls] = {};
    Stall last_stall = Stall::kBranch;

    void set(uint8_t number, uint32_t value) {
        x[number] = value;
        x[0] = 0;
    }
    void stall(Stall cause, uint64_t cycles) {
        stalls[uint32_t(cause)] += cycles;
        if (cycles) last_stall = cause;
    }
};

inline uint32_t leading_zeros(uint32_t value) { return value ? uint32_t(__builtin_clz(value)) : 32; }

// Leading zeros of a divisor decide how long the division takes; a negative one has those of its
// complement but one (cv32e40p_alu.sv, `div_shift`). Divisor 0 takes longest.
inline uint32_t division_cycles(const Timing& timing, uint32_t divisor, bool is_signed) {
    const bool negative = is_signed && int32_t(divisor) < 0;
    const uint32_t zeros = negative ? leading_zeros(~divisor) - 1 : leading_zeros(divisor);
    return timing.division_least + zeros;
}

inline uint32_t divide(Op op, uint32_t a, uint32_t b) {
    const bool overflow = a == 0x80000000u && b == 0xffffffffu;
    switch (op) {
        case Op::kDiv: return b == 0 ? ~0u : overflow ? a : uint32_t(int32_t(a) / int32_t(b));
        case Op::kDivu: return b == 0 ? ~0u : a / b;
        case Op::kRem: return b == 0 ? a : overflow ? 0 : uint32_t(int32_t(a) % int32_t(b));
        default: return b == 0 ? a : a % b;
    }
}

inline uint32_t clipped(int32_t value, int32_t low, int32_t high) {
    return uint32_t(value <= low ? low : value >= high ? high : value);
}

// Bounds of clip: [-2^(n-1), 2^(n-1) - 1], and [-1, 0] for n = 0.
inline int32_t clip_bound(uint32_t n) { return n ? int32_t((1u << (n - 1)) - 1) : 0; }

// value >> shift after rounding, by a table row's code: bit 0 logical, bit 1 rounded.
inline uint32_t shifted(uint32_t value, uint32_t shift, bool logical, bool rounded) {
    if (rounded && shift) value += 1u << (shift - 1);
    return logical ? value >> shift : uint32_t(int32_t(value) >> shift);
}

// 16-bit product by a table row's code: bit 0 upper halves, bit 2 unsigned.
inline uint32_t half_product(uint32_t a, uint32_t b, uint32_t code) {
    if (code & 1) a >>= 16, b >>= 16;
    if (code & 4) return (a & 0xffff) * (b & 0xffff);
    return uint32_t(int32_t(int16_t(a)) * int32_t(int16_t(b)));
}

inline bool branch_taken(const Decoded& d, uint32_t a, uint32_t b) {
    switch (d.op) {
        case Op::kBeq: return a == b;
        case Op::kBne: return a != b;
        case Op::kBlt: return int32_t(a) < int32_t(b);
        case Op::kBge: return int32_t(a) >= int32_t(b);
        case Op::kBltu: return a < b;
        case Op::kBgeu: return a >= b;
        default: break;
    }
    const uint32_t five = uint32_t(int32_t(uint32_t(d.rs2) << 27) >> 27);
    return (a == five) == (d.op == Op::kCvBeqimm);
}

// The result of an instruction that computes from registers alone.
inline uint32_t computed(const Decoded& d, const Core& core) {
    const uint32_t a = core.x[d.rs1], b = core.x[d.rs2], old = core.x[d.rd];
    const uint32_t imm = uint32_t(d.imm);
    if (d.op >= kFirstSimd) return simd(d, old, a, b);
    switch (d.op) {
        case Op::kAddi: return a + imm;
        case Op::kSlti: return int32_t(a) < d.imm;
        case Op::kSltiu: return a < imm;
        case Op::kXori: return a ^ imm;
        case Op::kOri: return a | imm;
        case Op::kAndi: return a & imm;
        case Op::kSlli: return a << imm;
        case Op::kSrli: return a >> imm;
        case Op::kSrai: return uint32_t(int32_t(a) >> imm);
        case Op::kAdd: return a + b;
        case Op::kSub: return a - b;
        case Op::kSll: return a << (b & 31);
        case Op::kSlt: return int32_t(a) < int32_t(b);
        case Op::kSltu: return a < b;
        case Op::kXor: return a ^ b;
        case Op::kSrl: return a >> (b & 31);
        case Op::kSra: return uint32_t(int32_t(a) >> (b & 31));
        case Op::kOr: return a | b;
        case Op::kAnd: return a & b;
        case Op::kLui: return imm;
        case Op::kAuipc: return core.pc + imm;
        case Op::kMul: return a * b;
        case Op::kMulh: return uint32_t(int64_t(int32_t(a)) * int32_t(b) >> 32);
        case Op::kMulhsu: return uint32_t(int64_t(int32_t(a)) * int64_t(b) >> 32);
        case Op::kMulhu: return uint32_t(uint64_t(a) * b >> 32);
        case Op::kDiv: case Op::kDivu: case Op::kRem: case Op::kRemu: return divide(d.op, a, b);
        case Op::kCvSle: return int32_t(a) <= int32_t(b);
        case Op::kCvSleu: return a <= b;
        case Op::kCvMin: return int32_t(a) < int32_t(b) ? a : b;
        case Op::kCvMinu: return a < b ? a : b;
        case Op::kCvMax: return int32_t(a) < int32_t(b) ? b : a;
        case Op::kCvMaxu: return a < b ? b : a;
        case Op::kCvAbs: return int32_t(a) < 0 ? 0 - a : a;
        case Op::kCvExths: return uint32_t(int32_t(int16_t(a)));
        case Op::kCvExthz: return a & 0xffff;
        case Op::kCvExtbs: return uint32_t(int32_t(int8_t(a)));
        case Op::kCvExtbz: return a & 0xff;
        case Op::kCvClip: return clipped(int32_t(a), ~clip_bound(imm), clip_bound(imm));
        case Op::kCvClipu: return clipped(int32_t(a), 0, clip_bound(imm));
        case Op::kCvClipr: return clipped(int32_t(a), int32_t(~(b & 0x7fffffff)), int32_t(b & 0x7fffffff));
        case Op::kCvClipur: return clipped(int32_t(a), 0, int32_t(b & 0x7fffffff));
        case Op::kCvMac: return old + a * b;
        case Op::kCvMsu: return old - a * b;
        case Op::kAddShifted: return shifted(a + b, imm, d.variant & 1, d.variant & 2);
        case Op::kSubShifted: return shifted(a - b, imm, d.variant & 1, d.variant & 2);
        case Op::kMulHalves:
            return shifted(half_product(a, b, d.variant), imm, d.variant & 4, d.variant & 2);
        case Op::kMacHalves:
            return shifted(half_product(a, b, d.variant) + old, imm, d.variant & 4, d.variant & 2);
        default: return 0;
    }
}

}  // namespace alpine::riscv
