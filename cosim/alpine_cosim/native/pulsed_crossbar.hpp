// SPDX-License-Identifier: Apache-2.0
// A crossbar that follows the phase lines of its tile, whatever they do, and defects of its
// converters: the analog part of hardware that is made to fail.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "analog_macro.hpp"
#include "constants.hpp"

namespace alpine {

constexpr double kFullScale = -kCodeMin;  // DAC codes that a pulse over the whole integration stands for

class PulsedCrossbar {
public:
    explicit PulsedCrossbar(int64_t rows)
        : rows_(rows), shown_(rows), drive_(rows), since_(rows), codes_(rows) {}

    int64_t integrate_cycles = 1;
    bool codes_moved = false;  // DAC codes changed while the crossbar integrated

    void stick_adc(int64_t column, int8_t code) { stuck_adcs_.push_back({column, code}); }

    // The word lines are driven from the beginning of the integration, each for as long as its code
    // says; the bit lines' charge is lost when the phase lines say idle or pre-charge.
    void follow(MvmPhase phase, const int8_t* dac, int8_t* adc, const AnalogMacro& macro) {
        if (phase == MvmPhase::kIntegrate) {
            integrate(dac);
        } else if (phase == MvmPhase::kDigitise) {
            if (phase_ != MvmPhase::kDigitise) convert(adc, macro);
        } else {
            position_ = 0;
        }
        phase_ = phase;
    }

private:
    void integrate(const int8_t* dac) {
        if (position_ == 0) {
            std::memcpy(shown_.data(), dac, rows_);
            std::fill(since_.begin(), since_.end(), 0);
            std::fill(drive_.begin(), drive_.end(), 0.0);
        } else if (std::memcmp(shown_.data(), dac, rows_) != 0) {
            codes_moved = true;
            for (int64_t row = 0; row < rows_; ++row) {
                if (shown_[row] == dac[row]) continue;
                drive_[row] += pulse(shown_[row], since_[row], position_);
                since_[row] = position_;
                shown_[row] = dac[row];
            }
        }
        ++position_;
    }

    void convert(int8_t* adc, const AnalogMacro& macro) {
        for (int64_t row = 0; row < rows_; ++row) {
            const bool whole = since_[row] == 0 && position_ >= integrate_cycles;
            const double drive = drive_[row] + pulse(shown_[row], since_[row], position_);
            codes_[row] = position_ == 0 ? 0
                          : whole        ? shown_[row]
                                         : int8_t(std::clamp<double>(std::nearbyint(drive), kCodeMin, kCodeMax));
        }
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

    int64_t rows_;
    std::vector<std::pair<int64_t, int8_t>> stuck_adcs_;
    MvmPhase phase_ = MvmPhase::kIdle;
    int64_t position_ = 0;  // integrating cycles so far
    std::vector<int8_t> shown_;
    std::vector<double> drive_;
    std::vector<int64_t> since_;
    std::vector<int8_t> codes_;
};

}  // namespace alpine
