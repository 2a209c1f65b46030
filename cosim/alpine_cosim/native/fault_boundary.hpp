// SPDX-License-Identifier: Apache-2.0
// The boundary of a tile that is made to fail: flips of register bits, defects of the converters,
// and a crossbar that follows the tile's phase lines whatever they do.
//
// Included before transactor.hpp.

#pragma once

#include <cstdint>
#include <cstring>

#include "boundary.hpp"
#include "fault_state.hpp"
#include "pulsed_crossbar.hpp"

#define ALPINE_BOUNDARY FaultBoundary

namespace alpine {

class FaultBoundary {
public:
    FaultBoundary(Model* model, const AnalogMacro& macro, int64_t rows, int64_t columns,
                  int64_t mvm_cycles)
        : macro(macro), mvm_cycles(mvm_cycles), state(model), crossbar(rows), top_(model->ports) {
        std::memset(&top_.xb_adc, 0, columns);
        top_.xb_read_weight = 0;
    }

    AnalogMacro macro;
    int64_t mvm_cycles;  // told to every boundary; this one follows the phase lines
    FaultState state;
    PulsedCrossbar crossbar;

    int64_t skip_target(int64_t edge, int64_t request_edge) {
        if (!state.flipped) return state.until_flip(edge, request_edge);
        // What a flip leaves behind may be no state that the tile can reach by itself, so that the
        // proof of its idleness does not cover it: it is idle once an edge changes nothing.
        const bool fixed = !state.changed() && quiet_edge_ == edge - 1;
        quiet_edge_ = edge;
        return fixed ? request_edge : edge;
    }
    void arrive(int64_t edge) { react(edge); }
    void busy_at(int64_t edge) { state.busy_at(edge); }

    bool react(int64_t edge) {
        state.flip_at(edge);
        crossbar.follow(MvmPhase(top_.xb_phase), reinterpret_cast<const int8_t*>(&top_.xb_dac),
                        reinterpret_cast<int8_t*>(&top_.xb_adc), macro);
        access_cells(top_, macro);
        return true;
    }

private:
    Ports& top_;
    int64_t quiet_edge_ = -2;  // last idle edge after a flip
};

}  // namespace alpine
