// SPDX-License-Identifier: Apache-2.0
// The analog boundary of a healthy tile: what the crossbar does at every clock edge.

#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "analog_macro.hpp"
#include "model.hpp"

namespace alpine {

// Cell accesses, which every boundary answers alike.
inline void access_cells(Ports& top, const AnalogMacro& macro) {
    if (top.xb_prog_valid)
        macro.program(macro.context, top.xb_prog_row, top.xb_prog_col, int8_t(top.xb_prog_weight));
    if (top.xb_read_valid)
        top.xb_read_weight = uint8_t(macro.read(macro.context, top.xb_read_row, top.xb_read_col));
}

// Multiplies a fixed number of cycles after xb_start, and refuses DAC codes that move meanwhile.
class CheckedBoundary {
public:
    CheckedBoundary(Model* model, const AnalogMacro& macro, int64_t rows, int64_t columns,
                    int64_t mvm_cycles)
        : macro(macro), mvm_cycles(mvm_cycles), top_(model->ports), rows_(rows), columns_(columns),
          dac_(rows) {}

    AnalogMacro macro;
    int64_t mvm_cycles;  // from xb_start to the end of the last phase

    // The edge up to which an idle tile may be left unevaluated: an idle tile is a fixed point.
    int64_t skip_target(int64_t, int64_t request_edge) { return request_edge; }
    // Told that edges were left out.
    void arrive(int64_t) {}
    // Told of every cycle in which the tile is not idle, before its edge.
    void busy_at(int64_t) {}

    // The ports' new values after an edge. False when the DAC codes moved during an MVM.
    bool react(int64_t) {
        if (mvm_left_ > 0 && --mvm_left_ == 0) {
            // The last cycle of the MVM: the converters show their codes, and the word lines must
            // still be driven as they were when it began.
            if (std::memcmp(dac_.data(), dac_port(), rows_) != 0) return false;
            macro.multiply(macro.context, dac_.data(), adc_port());
        }
        if (top_.xb_start) {
            std::memcpy(dac_.data(), dac_port(), rows_);
            std::memset(adc_port(), 0, columns_);
            mvm_left_ = mvm_cycles - 1;
            if (mvm_left_ == 0) macro.multiply(macro.context, dac_.data(), adc_port());
        }
        access_cells(top_, macro);
        return true;
    }

private:
    const int8_t* dac_port() const { return reinterpret_cast<const int8_t*>(&top_.xb_dac); }
    int8_t* adc_port() { return reinterpret_cast<int8_t*>(&top_.xb_adc); }

    Ports& top_;
    int64_t rows_, columns_;
    std::vector<int8_t> dac_;
    int64_t mvm_left_ = 0;
};

}  // namespace alpine
