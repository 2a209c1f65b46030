// SPDX-License-Identifier: Apache-2.0
// From a word to what is executed, by the table of instructions alone.

#pragma once

#include <cstdint>
#include <iterator>

#include "instructions.hpp"

namespace alpine::riscv {

struct Decoded {
    Op op;  // kUndecoded until the address is executed for the first time
    uint8_t rd, rs1, rs2;
    uint8_t bytes;    // of the instruction
    uint8_t variant;  // of the operation; ADDRESSING or OPERAND_2 of the table
    uint8_t access;   // bytes that a load or store moves, or 0
    bool store;
    int32_t imm;
    uint32_t reads;   // registers, one bit each; never x0
    uint32_t writes;  // likewise
};

inline uint8_t register_of(const RegisterField& place, uint32_t word) {
    return uint8_t(place.base + (word >> place.low & ((1u << place.width) - 1)));
}

inline int32_t immediate_of(const Encoding& row, uint32_t word) {
    uint32_t value = 0;
    for (int i = 0; i < row.slices; ++i) {
        const Slice& part = row.slice[i];
        value |= (word >> part.low & ((1u << part.width) - 1)) << part.to;
    }
    if (row.sign_bits != 0 && row.sign_bits < 32) {
        const int unused = 32 - row.sign_bits;
        return int32_t(value << unused) >> unused;
    }
    return int32_t(value);
}

inline uint32_t bit_of(uint8_t number) { return number < 32 ? (1u << number) & ~1u : 0; }

inline uint8_t access_bytes(Op op) {
    switch (op) {
        case Op::kLb: case Op::kLbu: case Op::kSb: return 1;
        case Op::kLh: case Op::kLhu: case Op::kSh: return 2;
        case Op::kLw: case Op::kSw: case Op::kElw: return 4;
        default: return 0;
    }
}

inline bool is_branch(Op op) {
    switch (op) {
        case Op::kBeq: case Op::kBne: case Op::kBlt: case Op::kBge: case Op::kBltu: case Op::kBgeu:
        case Op::kCvBeqimm: case Op::kCvBneimm: return true;
        default: return false;
    }
}

// Whether a hardware loop's body may hold it (manual, "Hardware Loop constraints").
inline bool loop_may_hold(const Decoded& d) {
    return d.bytes == 4 && !is_branch(d.op) && d.op != Op::kJal && d.op != Op::kJalr &&
           d.op != Op::kFence && d.op != Op::kFenceI && d.op != Op::kMret && d.op != Op::kWfi;
}

// A CM instruction or a hint that the host answers; false for any other word.
inline bool decode_off_load(uint32_t word, uint32_t opcode, Decoded& d) {
    for (uint32_t hint : kHints) {
        if (word != hint) continue;
        d.op = Op::kOffLoad;
        return true;
    }
    const uint32_t minor = word >> 12 & 7;
    if ((word & 0x7f) != opcode || word >> 25 || minor >= std::size(kOffLoaded)) return false;
    const OffLoaded& row = kOffLoaded[minor];
    d.op = Op::kOffLoad;
    d.rd = row.writes_rd ? word >> 7 & 31 : 0;
    d.rs1 = word >> 15 & 31;
    d.rs2 = word >> 20 & 31;
    d.reads = (row.reads_rs1 ? bit_of(d.rs1) : 0) | (row.reads_rs2 ? bit_of(d.rs2) : 0) |
              (row.reads_rd ? bit_of(word >> 7 & 31) : 0);
    d.writes = bit_of(d.rd);
    return true;
}

// `off_load_opcode` is that of CM instructions, or 0 where the core has no coprocessor.
inline Decoded decode(uint32_t word, bool core_v, uint32_t off_load_opcode) {
    const uint8_t bytes = (word & 3) == 3 ? 4 : 2;
    if (bytes == 2) word &= 0xffff;
    if (off_load_opcode) {
        Decoded d{};
        d.bytes = 4;
        if (decode_off_load(word, off_load_opcode, d)) return d;
    }
    for (const Encoding& row : kEncodings) {
        if (row.core_v && !core_v) continue;
        if (row.bytes != bytes || (word & row.mask) != row.match) continue;
        Decoded d{};
        d.op = row.op;
        d.bytes = bytes;
        d.variant = row.variant;
        d.rd = register_of(row.rd, word);
        d.rs1 = register_of(row.rs1, word);
        d.rs2 = register_of(row.rs2, word);
        d.imm = immediate_of(row, word);
        d.access = access_bytes(row.op);
        d.store = row.op == Op::kSb || row.op == Op::kSh || row.op == Op::kSw;
        d.reads = (row.reads_rd ? bit_of(d.rd) : 0) | (row.reads_rs1 ? bit_of(d.rs1) : 0) |
                  (row.reads_rs2 ? bit_of(d.rs2) : 0);
        d.writes = row.writes_rd ? bit_of(d.rd) : 0;
        const bool updates =
            d.variant == kAddressingPostImmediate || d.variant == kAddressingPostRegister;
        if (d.access && updates) d.writes |= bit_of(d.rs1);
        // One of the first operand's copies is made here.
        if (row.op >= kFirstSimd && d.variant == kOperand2ImmediateH)
            d.imm = int32_t(uint32_t(d.imm & 0xffff) * 0x00010001u);
        if (row.op >= kFirstSimd && d.variant == kOperand2ImmediateB)
            d.imm = int32_t(uint32_t(d.imm & 0xff) * 0x01010101u);
        return d;
    }
    Decoded d{};
    d.op = Op::kIllegal;
    d.bytes = bytes;
    return d;
}

}  // namespace alpine::riscv
