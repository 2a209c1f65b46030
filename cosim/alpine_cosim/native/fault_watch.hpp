// SPDX-License-Identifier: Apache-2.0
// An accelerator that is made to fail: what an AXI transactor does differently then.
//
// Included before axi_transactor.hpp, whose hooks it fills: flips of register bits, crossbars that
// follow the phase lines, and an idleness that holds for any state.

#pragma once

#include <cstdint>

#include "fault_state.hpp"
#include "pulsed_crossbar.hpp"

#define ALPINE_AXI_WATCH FaultWatch
#define ALPINE_AXI_CROSSBAR PulsedCrossbar

namespace alpine {

class FaultWatch {
public:
    explicit FaultWatch(Model* model) : state(model) {}

    FaultState state;
    int64_t patience = 1 << 20;  // clock edges without progress after which the accelerator hangs

    // Clock edges may be left out once the last one has changed nothing: any state is covered.
    bool idle(bool) const { return !changed_; }
    int64_t skip_target(int64_t edge, int64_t wanted) const { return state.until_flip(edge, wanted); }
    // Told of every cycle at its beginning, before anything looks at its ports.
    void begin(int64_t cycle) {
        const bool before = state.flipped;
        state.flip_at(cycle);
        if (state.flipped != before) changed_ = true;
    }
    // Told of an edge that was evaluated. A cycle is busy when it changes a register.
    void end(int64_t cycle) {
        changed_ = state.changed();
        if (changed_) state.busy_at(cycle);
    }
    // Whether a host that polls a register has read the same for too long.
    bool stuck(bool write, uint32_t address, uint32_t data, int64_t edge) {
        if (write || address != polled_ || data != read_) progress_ = edge;
        polled_ = write ? UINT32_MAX : address;
        read_ = data;
        return edge - progress_ > patience;
    }

private:
    bool changed_ = true;
    uint32_t polled_ = UINT32_MAX, read_ = 0;
    int64_t progress_ = 0;
};

}  // namespace alpine
