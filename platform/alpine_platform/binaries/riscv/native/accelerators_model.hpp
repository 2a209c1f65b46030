// SPDX-License-Identifier: Apache-2.0
// Both accelerators on the same memory ports, cycle by cycle as
// alpine_rtl/cluster/accelerators.py: the model behind `AcceleratorCalls`.

#pragma once

#include "depthwise_model.hpp"
#include "ima_model.hpp"

namespace alpine {

class AcceleratorsModel {
  public:
    AcceleratorsModel(const AcceleratorGeometry& geometry, const AnalogMacro* macros)
        : geometry_(geometry), macros_(macros, macros + geometry.crossbars),
          ima_(geometry_, macros_.data()),
          depthwise_(geometry.word, geometry.port_bytes, geometry.memory_ports) {}

    AcceleratorsModel(const AcceleratorsModel&) = delete;

    AcceleratorCalls calls() {
        return {this,
                [](void* model, const AcceleratorInputs* in, AcceleratorOutputs* out) {
                    return static_cast<AcceleratorsModel*>(model)->step(*in, *out);
                },
                [](void*, uint64_t) {}};
    }

  private:
    int32_t step(const AcceleratorInputs& in, AcceleratorOutputs& out) {
        Beat beats[2][2];
        EngineCycle cycles[2];
        bool taken[2][2];
        ima_.beats(beats[0]);
        depthwise_.beats(beats[1]);
        ima_.memory.step(beats[0], halts(0), in.memory, owner_ == 0, taken[0], cycles[0]);
        depthwise_.memory.step(beats[1], halts(1), in.memory, owner_ == 1, taken[1], cycles[1]);
        const bool busy[2] = {ima_.control.busy(cycles[0].requesting),
                              depthwise_.control.busy(cycles[1].requesting)};
        ima_.step(in.access[kImaPort], in.memory, taken[0], cycles[0]);
        depthwise_.step(in.access[kDepthwisePort], in.memory, taken[1], cycles[1]);
        if (!busy[owner_] && busy[1 - owner_]) owner_ = 1 - owner_;
        show(out);
        return 0;
    }

    bool halts(uint32_t engine) const {
        const bool clearing =
            engine ? depthwise_.control.clearing() : ima_.control.clearing();
        return clearing || owner_ != engine;
    }

    void show(AcceleratorOutputs& out) const {
        ima_.control.show(out.answer[kImaPort], out.event_done[kImaPort]);
        depthwise_.control.show(out.answer[kDepthwisePort], out.event_done[kDepthwisePort]);
        ima_.show_boundary(out);
        Beat beats[2];
        if (owner_) depthwise_.beats(beats);
        else ima_.beats(beats);
        const MemoryAccess& memory = owner_ ? depthwise_.memory : ima_.memory;
        for (uint32_t port = 0; port < geometry_.memory_ports; ++port) {
            MemoryRequest& request = out.memory[port];
            uint32_t side = 0;
            request.valid = memory.shown(port, beats, halts(owner_), side);
            if (!request.valid) continue;
            request.write = side;
            request.address = beats[side].address;
            request.bytes = beats[side].count;
            if (side)
                std::memcpy(request.data, owner_ ? depthwise_.output() : ima_.output(),
                            request.bytes);
        }
    }

    const AcceleratorGeometry geometry_;
    const std::vector<AnalogMacro> macros_;
    ImaModel ima_;
    DepthwiseModel depthwise_;
    uint32_t owner_ = 0;
};

}  // namespace alpine
