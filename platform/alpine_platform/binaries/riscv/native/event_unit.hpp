// SPDX-License-Identifier: Apache-2.0
// Events and barriers, through which cores wait; registers as in event_unit.py.

#pragma once

#include <cstdint>
#include <vector>

#include "memory.hpp"
#include "instructions.hpp"

namespace alpine::riscv {

struct Waiting {
    Wait kind = Wait::kNothing;
    uint32_t index = 0;  // barrier, or whether the events are cleared
};

class EventUnit : public Peripheral {
  public:
    EventUnit(uint32_t base, uint32_t size, uint32_t cores)
        : Peripheral(base, size), waiting(cores), mask_(cores), events_(cores) {
        for (Barrier& barrier : barriers_) barrier.cores = uint32_t((uint64_t(1) << cores) - 1);
    }

    bool read(uint32_t core, uint32_t offset, uint32_t& value) override {
        value = 0;
        const uint32_t from = offset - uint32_t(EventRegister::kBarriers);
        if (offset >= uint32_t(EventRegister::kBarriers) && from / kBarrierStride < kBarriers)
            return read_barrier(core, from / kBarrierStride, from % kBarrierStride, value);
        switch (EventRegister(offset)) {
            case EventRegister::kMask: value = mask_[core]; return true;
            case EventRegister::kEvents: value = events_[core]; return true;
            case EventRegister::kWait: waiting[core] = {Wait::kEvent, 0}; break;
            case EventRegister::kWaitClear: waiting[core] = {Wait::kEvent, 1}; break;
            default: return true;
        }
        return answered(core, value);
    }

    void write(uint32_t core, uint32_t offset, uint32_t value) override {
        const uint32_t from = offset - uint32_t(EventRegister::kBarriers);
        if (offset >= uint32_t(EventRegister::kBarriers) && from / kBarrierStride < kBarriers) {
            if (from % kBarrierStride == uint32_t(BarrierRegister::kCores))
                barriers_[from / kBarrierStride].cores = value;
            return;
        }
        switch (EventRegister(offset)) {
            case EventRegister::kMask: mask_[core] = value; break;
            case EventRegister::kClear: events_[core] &= ~value; break;
            case EventRegister::kTrigger:
                for (uint32_t i = 0; i < events_.size(); ++i)
                    if (value >> i & 1) give(i, EventLine::kSoftware);
                break;
            default: break;
        }
    }

    void give(uint32_t core, EventLine line) { events_[core] |= 1u << uint32_t(line); }

    // Whether what a core waits for has come; its wait is then over.
    bool answered(uint32_t core, uint32_t& value) {
        Waiting& wait = waiting[core];
        if (wait.kind == Wait::kBarrier) {
            Barrier& barrier = barriers_[wait.index];
            if (!(barrier.released >> core & 1)) return false;
            barrier.released &= ~(1u << core);
            value = barrier.cores;
        } else {
            value = events_[core] & mask_[core];
            if (value == 0) return false;
            if (wait.index) events_[core] &= ~value;
        }
        wait = {};
        return true;
    }

    // What is missing: cores of a barrier, or the events of a mask.
    uint32_t missing(uint32_t core) const {
        const Waiting& wait = waiting[core];
        if (wait.kind != Wait::kBarrier) return mask_[core];
        return barriers_[wait.index].cores & ~barriers_[wait.index].arrived;
    }

    std::vector<Waiting> waiting;

  private:
    struct Barrier {
        uint32_t cores, arrived = 0, released = 0;
    };

    bool read_barrier(uint32_t core, uint32_t index, uint32_t offset, uint32_t& value) {
        Barrier& barrier = barriers_[index];
        switch (BarrierRegister(offset)) {
            case BarrierRegister::kCores: value = barrier.cores; return true;
            case BarrierRegister::kArrived: value = barrier.arrived; return true;
            case BarrierRegister::kWait: break;
            default: return true;
        }
        barrier.arrived |= 1u << core;
        waiting[core] = {Wait::kBarrier, index};
        if ((barrier.arrived & barrier.cores) == barrier.cores) {
            barrier.released |= barrier.arrived;
            barrier.arrived = 0;
        }
        return answered(core, value);
    }

    std::vector<uint32_t> mask_, events_;
    Barrier barriers_[kBarriers];
};

}  // namespace alpine::riscv
