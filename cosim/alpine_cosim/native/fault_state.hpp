// SPDX-License-Identifier: Apache-2.0
// Registers of hardware that is made to fail: their state as a whole, flips of their bits, and the
// cycles in which they are busy.
//
// The registers are those that the model was built to expose (alpine_rtl.probe_points); they are all
// of the hardware's state.

#pragma once

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "model.hpp"
#include "verilated_sym_props.h"

namespace alpine {

struct ProbedRegister {
    uint8_t* data;
    size_t bytes;
};

class FaultState {
public:
    explicit FaultState(Model* model) : model_(model) {}

    std::vector<std::pair<int64_t, int64_t>> busy;  // first cycle and length of busy stretches
    bool flipped = false;

    // Width of a register that the model exposes, or -1. It becomes part of the saved state.
    int64_t add_register(const char* scope, const char* name) {
        const VerilatedScope* found = model_->context.scopeFind(scope);
        const VerilatedVar* variable = found ? found->varFind(name) : nullptr;
        if (!variable || !variable->isPublicRW()) return -1;
        registers_.push_back({static_cast<uint8_t*>(variable->datap()), variable->totalSize()});
        return variable->entBits();
    }

    size_t state_bytes() const {
        size_t bytes = 0;
        for (const auto& each : registers_) bytes += each.bytes;
        return bytes;
    }
    void save(uint8_t* state) const {
        for (const auto& each : registers_) {
            std::memcpy(state, each.data, each.bytes);
            state += each.bytes;
        }
    }
    // Registers as they were saved, and waveforms that begin anew.
    void restore(const uint8_t* state) {
        for (const auto& each : registers_) {
            std::memcpy(each.data, state, each.bytes);
            state += each.bytes;
        }
        model_->top.eval();
        model_->cycles = 0;
    }

    // Flip one bit at the beginning of a cycle: after edge `cycle - 1`, before edge `cycle`.
    void arm(int64_t number, int64_t bit, int64_t cycle, int64_t now) {
        target_ = registers_[number].data + bit / 8;
        mask_ = uint8_t(1u << bit % 8);
        flip_cycle_ = cycle;
        flip_at(now);
    }
    // Told of every cycle at its beginning.
    void flip_at(int64_t cycle) {
        if (cycle != flip_cycle_ || flipped) return;
        *target_ ^= mask_;
        model_->top.eval();
        model_->show();
        flipped = true;
    }
    // The cycle up to which cycles that change nothing may be left out.
    int64_t until_flip(int64_t from, int64_t to) const {
        return !flipped && flip_cycle_ > from && flip_cycle_ < to ? flip_cycle_ : to;
    }

    void busy_at(int64_t edge) {
        if (!busy.empty() && busy.back().first + busy.back().second == edge)
            ++busy.back().second;
        else
            busy.push_back({edge, 1});
    }

    // Whether any register differs from what it was at the last call.
    bool changed() {
        now_.resize(state_bytes());
        save(now_.data());
        const bool differs = before_ != now_;
        before_.swap(now_);
        return differs;
    }

private:
    Model* model_;
    std::vector<ProbedRegister> registers_;
    uint8_t* target_ = nullptr;
    uint8_t mask_ = 0;
    int64_t flip_cycle_ = -1;
    std::vector<uint8_t> before_, now_;
};

}  // namespace alpine
