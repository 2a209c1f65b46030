// SPDX-License-Identifier: Apache-2.0
// The cluster's side of the accelerators' pins: who accesses their registers, what of the TCDM they
// ask for, what they tell, and what is written down of it.

#pragma once

#include <cstring>
#include <deque>
#include <vector>

#include "accelerator_pins.hpp"
#include "accelerator_registers.hpp"
#include "memory.hpp"

namespace alpine::riscv {

// An access of a core to a register behind the peripheral interconnect.
struct RegisterAccess {
    uint32_t core, offset, write, data;
    uint64_t arrival;  // cycle in which it is there
};

// A context of an accelerator; `JobRecord` of accelerator_pins.py.
struct JobRecord {
    uint32_t engine, padding;
    uint64_t triggered, ended;  // cycles: of the access that triggers it, of its event
};

// A product of the in-memory accelerator: its first cycle, and the one behind its last, or 0 where
// it was dropped; `ProductRecord` of accelerator_pins.py.
struct ProductRecord {
    uint64_t begun, ended;
};

class AcceleratorHost {
  public:
    AcceleratorInputs in{};
    AcceleratorOutputs out{};
    AcceleratorCalls calls{};
    bool attached = false;  // there are accelerators
    uint32_t memory_ports = 0;
    std::deque<RegisterAccess> queued[kConfigurationPorts];
    std::vector<JobRecord> jobs;
    std::vector<ProductRecord> products;
    uint64_t transfers_digest = 0xcbf29ce484222325u;  // of everything on the memory ports

    // Whether something can change at the next edge.
    bool active() const {
        if (!attached) return false;
        if (settling_) return true;
        for (uint32_t engine = 0; engine < kConfigurationPorts; ++engine)
            if (running_[engine] || !queued[engine].empty()) return true;
        return false;
    }

    // Begins a cycle, in which `out` is what the accelerators show. Returns the engines whose event
    // is there, a bit each.
    uint32_t begin(uint64_t cycle) {
        for (uint32_t port = 0; port < kMostMemoryPorts; ++port) {
            in.memory[port] = read_[port];
            read_[port].valid = 0;
        }
        uint32_t events = 0;
        for (uint32_t engine = 0; engine < kConfigurationPorts; ++engine) {
            if (!out.event_done[engine]) continue;
            events |= 1u << engine;
            if (running_[engine] == 0) continue;
            running_[engine] -= 1;
            for (size_t i = first_open_[engine]; i < jobs.size(); ++i) {
                if (jobs[i].engine != engine || jobs[i].ended) continue;
                jobs[i].ended = cycle;
                first_open_[engine] = i + 1;
                break;
            }
        }
        const uint32_t idle = 0, last = 3;  // of the phases
        if (phase_ == last && out.phase == idle && !products.empty()) products.back().ended = cycle;
        if (out.start) products.push_back({cycle, 0});
        phase_ = out.phase;
        return events;
    }

    // The access that is answered in this cycle, or null, and what it reads.
    const RegisterAccess* answered(uint32_t engine) {
        if (!out.answer[engine].valid || !awaited_[engine]) return nullptr;
        awaited_[engine] = false;
        answered_ = queued[engine].front();
        queued[engine].pop_front();
        const bool acquires =
            !answered_.write && HwpeRegister(answered_.offset) == HwpeRegister::kAcquire;
        if (acquires && out.answer[engine].data != kNoContext) open_[engine] += 1;
        return &answered_;
    }

    // Shows the accesses that have arrived.
    void ask(uint64_t cycle) {
        for (uint32_t engine = 0; engine < kConfigurationPorts; ++engine) {
            ConfigurationAccess& access = in.access[engine];
            access.valid = !awaited_[engine] && !queued[engine].empty() &&
                           queued[engine].front().arrival <= cycle;
            if (!access.valid) continue;
            const RegisterAccess& first = queued[engine].front();
            access = {1, first.write, first.offset, first.data};
            if (out.answer[engine].ready) accept(engine, first, cycle);
        }
    }

    // A memory port's request, which was granted or not, takes place in a region.
    void serve(uint32_t port, bool granted, uint8_t* place, uint64_t cycle) {
        const MemoryRequest& request = out.memory[port];
        in.memory[port].granted = granted;
        if (!granted) return;
        if (request.write) {
            std::memcpy(place, request.data, request.bytes);
        } else {
            std::memcpy(read_[port].data, place, request.bytes);
            read_[port].valid = 1;
        }
        note(cycle);
        note(uint64_t(request.address) << 32 | request.bytes << 8 | port << 1 | request.write);
        uint64_t word = 0;
        for (uint32_t i = 0; i < request.bytes; i += 8) {
            std::memcpy(&word, place + i, request.bytes - i < 8 ? request.bytes - i : 8);
            note(word);
        }
    }

    // The edge that ends a cycle. Where nobody is called, whoever fills in `out` does it.
    int32_t step() {
        const bool moves = out.memory[0].valid || out.memory[1].valid || in.access[0].valid ||
                           in.access[1].valid || awaited_[0] || awaited_[1];
        if (moves) settling_ = kSettlingCycles;
        else if (settling_) settling_ -= 1;
        return calls.step ? calls.step(calls.context, &in, &out) : 0;
    }

    void skip(uint64_t cycles) {
        if (calls.skip) calls.skip(calls.context, cycles);
    }

  private:
    // After the last sign of life on a port; pipelines within are empty by then.
    static constexpr uint32_t kSettlingCycles = 16;

    void accept(uint32_t engine, const RegisterAccess& access, uint64_t cycle) {
        awaited_[engine] = true;
        if (!access.write) return;
        if (HwpeRegister(access.offset) == HwpeRegister::kTrigger && open_[engine]) {
            open_[engine] -= 1;
            running_[engine] += 1;
            jobs.push_back({engine, 0, cycle, 0});
        } else if (HwpeRegister(access.offset) == HwpeRegister::kSoftClear) {
            open_[engine] = running_[engine] = 0;
            first_open_[engine] = jobs.size();
        }
    }

    void note(uint64_t word) {
        transfers_digest = (transfers_digest ^ word) * 0x100000001b3u;
        transfers_digest ^= transfers_digest >> 29;
    }

    bool awaited_[kConfigurationPorts] = {};
    uint32_t open_[kConfigurationPorts] = {};     // contexts that are acquired and not triggered
    uint32_t running_[kConfigurationPorts] = {};  // triggered and not finished
    size_t first_open_[kConfigurationPorts] = {};
    uint32_t settling_ = 0, phase_ = 0;
    RegisterAccess answered_{};
    MemoryAnswer read_[kMostMemoryPorts] = {};
};

}  // namespace alpine::riscv
