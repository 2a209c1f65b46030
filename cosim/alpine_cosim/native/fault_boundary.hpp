// SPDX-License-Identifier: Apache-2.0
// The boundary of a tile that is made to fail: flips of register bits, defects of the converters,
// and a crossbar that follows the tile's phase lines whatever they do.
//
// Included before transactor.hpp. The registers are those that the model was built to expose
// (alpine_rtl.probe_points); they are all of the tile's state.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "boundary.hpp"
#include "constants.hpp"
#include "verilated_sym_props.h"

#define ALPINE_BOUNDARY FaultBoundary

namespace alpine {

constexpr double kFullScale = -kCodeMin;  // DAC codes that a pulse over the whole integration stands for

struct ProbedRegister {
    uint8_t* data;
    size_t bytes;
};

class FaultBoundary {
public:
    FaultBoundary(Model* model, const AnalogMacro& macro, int64_t rows, int64_t columns,
                  int64_t mvm_cycles)
        : macro(macro), mvm_cycles(mvm_cycles), top_(model->ports), model_(model), rows_(rows), shown_(rows), drive_(rows),
          since_(rows), codes_(rows) {
        std::memset(&top_.xb_adc, 0, columns);
        top_.xb_read_weight = 0;
    }

    AnalogMacro macro;
    int64_t mvm_cycles;  // told to every boundary; this one follows the phase lines
    int64_t integrate_cycles = 1;
    std::vector<std::pair<int64_t, int64_t>> busy;  // first cycle and length of busy stretches
    bool flipped = false;
    bool codes_moved = false;  // DAC codes changed while the crossbar integrated

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
        if (cycle == now) flip();
    }
    void stick_adc(int64_t column, int8_t code) { stuck_adcs_.push_back({column, code}); }

    int64_t skip_target(int64_t edge, int64_t request_edge) {
        if (!flipped)
            return flip_cycle_ > edge && flip_cycle_ < request_edge ? flip_cycle_ : request_edge;
        // What a flip leaves behind may be no state that the tile can reach by itself, so that the
        // proof of its idleness does not cover it: it is idle once an edge changes nothing.
        if (before_.empty()) {
            before_.resize(state_bytes());
            now_.resize(before_.size());
        }
        save(now_.data());
        const bool fixed = quiet_edge_ == edge - 1 && before_ == now_;
        before_.swap(now_);
        quiet_edge_ = edge;
        return fixed ? request_edge : edge;
    }
    void arrive(int64_t edge) { react(edge); }
    void busy_at(int64_t edge) {
        if (!busy.empty() && busy.back().first + busy.back().second == edge)
            ++busy.back().second;
        else
            busy.push_back({edge, 1});
    }

    bool react(int64_t edge) {
        if (edge == flip_cycle_) flip();
        follow_phase();
        access_cells(top_, macro);
        return true;
    }

private:
    void flip() {
        *target_ ^= mask_;
        model_->top.eval();
        model_->show();
        flipped = true;
    }

    // The word lines are driven from the beginning of the integration, each for as long as its code
    // says; the bit lines' charge is lost when the phase lines say idle or pre-charge.
    void follow_phase() {
        const auto phase = MvmPhase(top_.xb_phase);
        if (phase == MvmPhase::kIntegrate) {
            integrate();
        } else if (phase == MvmPhase::kDigitise) {
            if (phase_ != MvmPhase::kDigitise) convert();
        } else {
            position_ = 0;
        }
        phase_ = phase;
    }

    void integrate() {
        if (position_ == 0) {
            std::memcpy(shown_.data(), dac_port(), rows_);
            std::fill(since_.begin(), since_.end(), 0);
            std::fill(drive_.begin(), drive_.end(), 0.0);
        } else if (std::memcmp(shown_.data(), dac_port(), rows_) != 0) {
            codes_moved = true;
            for (int64_t row = 0; row < rows_; ++row) {
                if (shown_[row] == dac_port()[row]) continue;
                drive_[row] += pulse(shown_[row], since_[row], position_);
                since_[row] = position_;
                shown_[row] = dac_port()[row];
            }
        }
        ++position_;
    }

    void convert() {
        for (int64_t row = 0; row < rows_; ++row) {
            const bool whole = since_[row] == 0 && position_ >= integrate_cycles;
            const double drive = drive_[row] + pulse(shown_[row], since_[row], position_);
            codes_[row] = position_ == 0 ? 0
                          : whole        ? shown_[row]
                                         : int8_t(std::clamp<double>(std::nearbyint(drive), kCodeMin, kCodeMax));
        }
        int8_t* adc = reinterpret_cast<int8_t*>(&top_.xb_adc);
        macro.multiply(macro.context, codes_.data(), adc);
        for (const auto& [column, code] : stuck_adcs_) adc[column] = code;
    }

    // Charge, in DAC codes, that a word line with this code adds between two places of the
    // integration, in cycles from its beginning.
    double pulse(int8_t code, int64_t from, int64_t to) const {
        const double per_cycle = kFullScale / integrate_cycles, length = std::abs(int(code));
        const double begin = std::min(from * per_cycle, length);
        const double end = std::min(to * per_cycle, length);
        return code < 0 ? begin - end : end - begin;
    }

    const int8_t* dac_port() const { return reinterpret_cast<const int8_t*>(&top_.xb_dac); }

    Ports& top_;
    Model* model_;
    int64_t rows_;
    std::vector<ProbedRegister> registers_;
    std::vector<std::pair<int64_t, int8_t>> stuck_adcs_;
    uint8_t* target_ = nullptr;
    uint8_t mask_ = 0;
    int64_t flip_cycle_ = -1;
    std::vector<uint8_t> before_, now_;  // states at the last two idle edges after a flip
    int64_t quiet_edge_ = -2;
    MvmPhase phase_ = MvmPhase::kIdle;
    int64_t position_ = 0;  // integrating cycles so far
    std::vector<int8_t> shown_;
    std::vector<double> drive_;
    std::vector<int64_t> since_;
    std::vector<int8_t> codes_;
};

}  // namespace alpine
