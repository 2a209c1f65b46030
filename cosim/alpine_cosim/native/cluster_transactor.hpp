// SPDX-License-Identifier: Apache-2.0
// The pins of a verilated `cluster_accelerators` as a cluster of cores knows them, and the crossbars
// at its analog boundary. It reads and writes top-level ports only.

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "accelerator_pins.hpp"
#include "boundary.hpp"
#include "calls.hpp"
#include "constants.hpp"

namespace alpine {

enum class PinsOutcome : int32_t { kDone = 0, kDacChanged = 1 };

template <class Top>
class ClusterTransactor {
public:
    ClusterTransactor(Model* model, const AnalogMacro* macros, uint32_t crossbars, uint32_t rows,
                      uint32_t columns, uint32_t port_bytes)
        : model(model), top_(model->ports), macros_(macros, macros + crossbars), dac_(rows),
          columns_(columns), port_bytes_(port_bytes) {}

    Model* const model;

    PinsOutcome step(const AcceleratorInputs& in, AcceleratorOutputs& out) {
        drive(in);
        model->step();
        const PinsOutcome outcome = react();
        show(out);
        return outcome;
    }

private:
    static constexpr bool kTwoPorts = requires(Top& top) { top.mem_out_req; };

    void drive(const AcceleratorInputs& in) {
        const ConfigurationAccess& ima = in.access[kImaPort];
        top_.ima_cfg_valid = ima.valid;
        top_.ima_cfg_write = ima.write;
        top_.ima_cfg_addr = ima.address;
        top_.ima_cfg_wdata = ima.data;
        const ConfigurationAccess& depthwise = in.access[kDepthwisePort];
        top_.dw_cfg_valid = depthwise.valid;
        top_.dw_cfg_write = depthwise.write;
        top_.dw_cfg_addr = depthwise.address;
        top_.dw_cfg_wdata = depthwise.data;
        top_.mem_gnt = in.memory[0].granted;
        top_.mem_rvalid = in.memory[0].valid;
        if (in.memory[0].valid) std::memcpy(&top_.mem_rdata, in.memory[0].data, port_bytes_);
        if constexpr (kTwoPorts) {
            top_.mem_out_gnt = in.memory[1].granted;
            top_.mem_out_rvalid = in.memory[1].valid;
        }
    }

    // What the crossbar that is selected does after an edge.
    PinsOutcome react() {
        const auto* const dac = reinterpret_cast<const int8_t*>(&top_.xb_dac);
        const AnalogMacro& macro = macros_[top_.xb_select % macros_.size()];
        PinsOutcome outcome = PinsOutcome::kDone;
        if (top_.xb_start) std::memcpy(dac_.data(), dac, dac_.size());
        if (MvmPhase(top_.xb_phase) == MvmPhase::kDigitise) {
            // The converters show their codes, and the word lines are still driven.
            if (std::memcmp(dac_.data(), dac, dac_.size()) != 0) outcome = PinsOutcome::kDacChanged;
            macro.multiply(macro.context, dac_.data(), reinterpret_cast<int8_t*>(&top_.xb_adc));
            digitised_ = true;
        } else if (digitised_) {
            std::memset(&top_.xb_adc, 0, columns_);
            digitised_ = false;
        }
        access_cells(top_, macro);
        return outcome;
    }

    void show(AcceleratorOutputs& out) const {
        out.answer[kImaPort] = {top_.ima_cfg_ready, top_.ima_cfg_rsp_valid, top_.ima_cfg_rsp_rdata};
        out.answer[kDepthwisePort] = {top_.dw_cfg_ready, top_.dw_cfg_rsp_valid,
                                      top_.dw_cfg_rsp_rdata};
        out.event_done[kImaPort] = top_.ima_event_done;
        out.event_done[kDepthwisePort] = top_.dw_event_done;
        out.start = top_.xb_start;
        out.phase = top_.xb_phase;
        out.select = top_.xb_select;
        show(out.memory[0], top_.mem_req, top_.mem_write, top_.mem_addr, top_.mem_be,
             &top_.mem_wdata);
        if constexpr (kTwoPorts)
            show(out.memory[1], top_.mem_out_req, top_.mem_out_write, top_.mem_out_addr,
                 top_.mem_out_be, &top_.mem_out_wdata);
    }

    void show(MemoryRequest& request, uint32_t valid, uint32_t write, uint32_t address,
              uint64_t enables, const void* data) const {
        request.valid = valid;
        if (!valid) return;
        request.write = write;
        request.address = address;
        request.bytes = uint32_t(std::popcount(enables));
        if (write) std::memcpy(request.data, data, port_bytes_);
    }

    Top& top_;
    const std::vector<AnalogMacro> macros_;
    std::vector<int8_t> dac_;
    const uint32_t columns_, port_bytes_;
    bool digitised_ = false;
};

using ClusterPins = ClusterTransactor<Ports>;

}  // namespace alpine

extern "C" {

alpine::ClusterPins* cluster_pins_create(alpine::Model* model, const alpine::AnalogMacro* macros,
                                         uint32_t crossbars, uint32_t rows, uint32_t columns,
                                         uint32_t port_bytes, alpine::AcceleratorCalls* calls) {
    auto* pins = new alpine::ClusterPins(model, macros, crossbars, rows, columns, port_bytes);
    calls->context = pins;
    calls->step = [](void* context, const alpine::AcceleratorInputs* in,
                     alpine::AcceleratorOutputs* out) {
        auto* const given = static_cast<alpine::ClusterPins*>(context);
        return int32_t(alpine::answer(given->model, [&] { return given->step(*in, *out); }));
    };
    calls->skip = [](void* context, uint64_t cycles) {
        static_cast<alpine::ClusterPins*>(context)->model->advance(cycles);
    };
    return pins;
}

void cluster_pins_destroy(alpine::ClusterPins* pins) { delete pins; }
}
