// SPDX-License-Identifier: Apache-2.0
// Arithmetic on lanes of 8 and 16 bits (manual, "SIMD" chapter).

#pragma once

#include <cstdint>

#include "decode.hpp"

namespace alpine::riscv {

template <typename Lane, typename Function>
inline uint32_t map_lanes(uint32_t a, uint32_t b, Function function) {
    constexpr int bits = 8 * sizeof(Lane);
    uint32_t result = 0;
    for (int i = 0; i < 32; i += bits) {
        const uint32_t mask = (1u << bits) - 1;
        result |= (uint32_t(function(Lane(a >> i), Lane(b >> i))) & mask) << i;
    }
    return result;
}

template <typename A, typename B>
inline uint32_t dot(uint32_t a, uint32_t b) {
    constexpr int bits = 8 * sizeof(A);
    uint32_t sum = 0;
    for (int i = 0; i < 32; i += bits)
        sum += uint32_t(int32_t(A(a >> i)) * int32_t(B(b >> i)));
    return sum;
}

// The same for 16 bits unsigned, whose products need all 32 bits.
template <>
inline uint32_t dot<uint16_t, uint16_t>(uint32_t a, uint32_t b) {
    return (a & 0xffff) * (b & 0xffff) + (a >> 16) * (b >> 16);
}

inline uint32_t lane_of(uint32_t value, uint32_t index, int bits) {
    return value >> (index * bits) & ((1u << bits) - 1);
}

inline uint32_t with_lane(uint32_t value, uint32_t index, int bits, uint32_t lane) {
    const uint32_t mask = ((1u << bits) - 1) << (index * bits);
    return (value & ~mask) | (lane << (index * bits) & mask);
}

// Lanes of `first`, or of `other` where a selector's next bit is set, chosen by `selectors`.
inline uint32_t shuffled(uint32_t first, uint32_t other, uint32_t selectors, int bits) {
    const uint32_t lanes = 32 / bits;
    uint32_t result = 0;
    for (uint32_t i = 0; i < lanes; ++i) {
        const uint32_t selector = selectors >> (i * bits);
        const uint32_t from = selector & lanes ? other : first;
        result |= lane_of(from, selector & (lanes - 1), bits) << (i * bits);
    }
    return result;
}

// Lanes as shuffled by an immediate that holds one small index per lane, the lowest first.
inline uint32_t shuffled_by(uint32_t value, uint32_t indices, int bits) {
    const uint32_t lanes = 32 / bits, width = bits == 8 ? 2 : 1;
    uint32_t result = 0;
    for (uint32_t i = 0; i < lanes; ++i)
        result |= lane_of(value, indices >> (i * width) & (lanes - 1), bits) << (i * bits);
    return result;
}

constexpr auto kAbsolute = [](int x, int) { return x < 0 ? -x : x; };

#define ALPINE_LANES(name, kind, expression)                                              \
    case Op::kSimd##name##H:                                                              \
        return map_lanes<kind##16_t>(a, b, [](auto x, auto y) { return (expression); });  \
    case Op::kSimd##name##B:                                                              \
        return map_lanes<kind##8_t>(a, b, [](auto x, auto y) { return (expression); });
#define ALPINE_SIGNED(name, expression) ALPINE_LANES(name, int, expression)
#define ALPINE_UNSIGNED(name, expression) ALPINE_LANES(name, uint, expression)
#define ALPINE_DOT(name, first, second)                                                        \
    case Op::kSimdDot##name##H: return dot<first##16_t, second##16_t>(a, b);                   \
    case Op::kSimdDot##name##B: return dot<first##8_t, second##8_t>(a, b);                     \
    case Op::kSimdSdot##name##H: return old + dot<first##16_t, second##16_t>(a, b);            \
    case Op::kSimdSdot##name##B: return old + dot<first##8_t, second##8_t>(a, b);

// The result of an operation; `old` is rd's value before.
inline uint32_t simd(const Decoded& d, uint32_t old, uint32_t a, uint32_t rs2) {
    uint32_t b = rs2;
    switch (d.variant) {
        case kOperand2ScalarH: b = (rs2 & 0xffff) * 0x00010001u; break;
        case kOperand2ScalarB: b = (rs2 & 0xff) * 0x01010101u; break;
        case kOperand2ImmediateH: case kOperand2ImmediateB: b = uint32_t(d.imm); break;
        default: break;
    }
    const uint32_t index = uint32_t(d.imm);
    switch (d.op) {
        ALPINE_UNSIGNED(Add, x + y)
        ALPINE_UNSIGNED(Sub, x - y)
        // The sum keeps its lane's bits before the shift.
        ALPINE_SIGNED(Avg, decltype(x)(x + y) >> 1)
        ALPINE_UNSIGNED(Avgu, decltype(x)(x + y) >> 1)
        ALPINE_SIGNED(Min, x < y ? x : y)
        ALPINE_UNSIGNED(Minu, x < y ? x : y)
        ALPINE_SIGNED(Max, x > y ? x : y)
        ALPINE_UNSIGNED(Maxu, x > y ? x : y)
        ALPINE_UNSIGNED(Srl, x >> (y & (8 * sizeof(x) - 1)))
        ALPINE_SIGNED(Sra, x >> (y & int(8 * sizeof(x) - 1)))
        ALPINE_UNSIGNED(Sll, x << (y & (8 * sizeof(x) - 1)))
        ALPINE_UNSIGNED(Or, x | y)
        ALPINE_UNSIGNED(Xor, x ^ y)
        ALPINE_UNSIGNED(And, x & y)
        ALPINE_UNSIGNED(Cmpeq, x == y ? -1 : 0)
        ALPINE_UNSIGNED(Cmpne, x != y ? -1 : 0)
        ALPINE_SIGNED(Cmpgt, x > y ? -1 : 0)
        ALPINE_SIGNED(Cmpge, x >= y ? -1 : 0)
        ALPINE_SIGNED(Cmplt, x < y ? -1 : 0)
        ALPINE_SIGNED(Cmple, x <= y ? -1 : 0)
        ALPINE_UNSIGNED(Cmpgtu, x > y ? -1 : 0)
        ALPINE_UNSIGNED(Cmpgeu, x >= y ? -1 : 0)
        ALPINE_UNSIGNED(Cmpltu, x < y ? -1 : 0)
        ALPINE_UNSIGNED(Cmpleu, x <= y ? -1 : 0)
        ALPINE_DOT(up, uint, uint)
        ALPINE_DOT(usp, uint, int)
        ALPINE_DOT(sp, int, int)
        case Op::kSimdAbsH: return map_lanes<int16_t>(a, 0, kAbsolute);
        case Op::kSimdAbsB: return map_lanes<int8_t>(a, 0, kAbsolute);
        case Op::kSimdExtractH: return uint32_t(int32_t(int16_t(lane_of(a, index, 16))));
        case Op::kSimdExtractB: return uint32_t(int32_t(int8_t(lane_of(a, index, 8))));
        case Op::kSimdExtractuH: return lane_of(a, index, 16);
        case Op::kSimdExtractuB: return lane_of(a, index, 8);
        case Op::kSimdInsertH: return with_lane(old, index, 16, a & 0xffff);
        case Op::kSimdInsertB: return with_lane(old, index, 8, a & 0xff);
        case Op::kSimdShuffleH: return shuffled(a, a, rs2, 16);
        case Op::kSimdShuffleB: return shuffled(a, a, rs2, 8);
        case Op::kSimdShuffle2H: return shuffled(old, a, rs2, 16);
        case Op::kSimdShuffle2B: return shuffled(old, a, rs2, 8);
        case Op::kSimdShuffleSciH: return shuffled_by(a, index, 16);
        case Op::kSimdShuffleImmediate:
            // The highest lane's index is in the mnemonic.
            return shuffled_by(a, index | uint32_t(d.variant & 3) << 6, 8);
        case Op::kSimdPack: return a << 16 | (rs2 & 0xffff);
        case Op::kSimdPackH: return (a & 0xffff0000u) | rs2 >> 16;
        case Op::kSimdPackhiB: return (old & 0xffff) | (a & 0xff) << 24 | (rs2 & 0xff) << 16;
        case Op::kSimdPackloB: return (old & 0xffff0000u) | (a & 0xff) << 8 | (rs2 & 0xff);
        default: return 0;
    }
}

#undef ALPINE_LANES
#undef ALPINE_SIGNED
#undef ALPINE_UNSIGNED
#undef ALPINE_DOT

}  // namespace alpine::riscv
