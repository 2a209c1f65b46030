// SPDX-License-Identifier: Apache-2.0
// Cycles in which DMA or accelerators are at work, and the cores' way to their registers.

#pragma once

#include "cluster_memory.hpp"

namespace alpine::riscv {

constexpr uint32_t kDmaBytes = uint32_t(DmaRegister::kRefused) + 4, kHwpeBytes = 0x100;
constexpr uint32_t kNoCore = ~0u;
constexpr uint32_t kDeviceWork = 4;  // of a cycle of devices, in instructions

inline void Cluster::attach(const AcceleratorCalls& calls, uint32_t memory_ports) {
    host.attached = true;
    host.calls = calls;
    host.memory_ports = memory_ports;
    dma.join(memory.tcdm(), *memory.find(config.l2_base, 1));
    if (calls.step) host.step();
}

// Cores, DMA and memory stand still from here on; a register is read.
inline void Cluster::freeze(uint32_t engine, uint32_t offset) {
    frozen_ = true;
    if (!devices_active_) clock_ = now;
    devices_active_ = true;
    host.queued[engine].push_back({kNoCore, offset, 0, 0, now});
}

inline uint32_t Cluster::cycle_with_devices() {
    begin_devices();
    const uint32_t count = cycle_of_cores();
    end_devices();
    clock_ = now + 1;
    devices_active_ = dma.active() || dma_ended_ || dma_answers_ || !dma_queued_.empty() ||
                      host.active();
    return count + kDeviceWork;
}

// What the devices tell at the beginning of a cycle, and what they ask for in it.
inline void Cluster::begin_devices() {
    const uint32_t events_of_engines = host.attached ? host.begin(now) : 0;
    const EventLine lines[kConfigurationPorts] = {EventLine::kIma, EventLine::kDepthwise};
    for (uint32_t core = 0; core < cores.size(); ++core) {
        for (uint32_t engine = 0; engine < kConfigurationPorts; ++engine)
            if (events_of_engines >> engine & 1) events.give(core, lines[engine]);
        if (dma_ended_) events.give(core, EventLine::kDma);
    }
    if (events_of_engines || dma_ended_) wake();
    dma_ended_ = false;
    for (uint32_t engine = 0; engine < kConfigurationPorts; ++engine)
        if (const RegisterAccess* access = host.answered(engine))
            complete(*access, host.out.answer[engine].data);
    if (dma_answers_) complete(dma_answered_, dma_answered_.data);
    dma_answers_ = !dma_queued_.empty() && dma_queued_.front().arrival <= now;
    if (dma_answers_) {
        RegisterAccess& access = dma_answered_ = dma_queued_.front();
        dma_queued_.pop_front();
        if (!access.write) {
            access.data = dma.read(access.offset);
        } else if (!dma.write(access.offset, access.data, now)) {
            stop_device(Stop::kDmaRefused, kDmaDevice, 0, dma.full(), false);
        }
    }
    host.ask(now);
    ask_for_banks();
}

inline void Cluster::ask_for_banks() {
    ports_asking_ = 0;
    for (Port& port : ports_) port = {};
    if (frozen_) return;
    const Region& tcdm = memory.tcdm();
    dma.show(now);
    if (dma.wants) ports_[0] = {true, false, banks_of(dma.address - tcdm.base, dma.bytes)};
    for (uint32_t number = 0; number < host.memory_ports; ++number) {
        const MemoryRequest& request = host.out.memory[number];
        if (!request.valid) continue;
        if (!tcdm.holds(request.address, request.bytes)) {
            stop_device(Stop::kAcceleratorFault, 0, request.address, request.bytes, request.write);
            continue;
        }
        ports_[1 + number] = {true, false, banks_of(request.address - tcdm.base, request.bytes)};
    }
    for (const Port& port : ports_) ports_asking_ += port.asks;
}

inline void Cluster::end_devices() {
    Region& tcdm = memory.tcdm();
    if (!frozen_) dma_ended_ = dma.move(now, ports_[0].granted);
    for (uint32_t number = 0; number < host.memory_ports; ++number) {
        const uint32_t offset = host.out.memory[number].address - tcdm.base;
        const bool granted = ports_[1 + number].granted;
        host.serve(number, granted, granted ? &tcdm.bytes[offset] : nullptr, now);
    }
    ports_asking_ = 0;
    for (Port& port : ports_) port = {};
    if (host.attached && host.step() != 0)
        stop_device(Stop::kAcceleratorsBroken, 0, 0, 0, false);
}

// A load or store of a register of a device begins.
inline void Cluster::reach(Core& core, const Decoded& d, uint32_t device, uint32_t address) {
    const uint32_t offset = address - config.device_base[device];
    if (d.access != 4 || address % 4 || offset >= (device == kDmaDevice ? kDmaBytes : kHwpeBytes))
        return raise(core, d.store ? kStoreFault : kLoadFault, address, d.access);
    const RegisterAccess access{core.hart, offset, d.store, d.store ? core.x[d.rs2] : 0,
                                now + config.timing.peripheral / 2};
    core.waiting = d;
    core.waits_since = now;
    core.state = State::kAccessing;
    (device == kDmaDevice ? dma_queued_ : host.queued[device]).push_back(access);
    if (devices_active_) return;
    // They begin with the next cycle; nothing has changed in them up to this one.
    if (now + 1 > clock_) host.skip(now + 1 - clock_);
    clock_ = now + 1;
    devices_active_ = true;
}

// The answer is there; the core has it a part of the way later.
inline void Cluster::complete(const RegisterAccess& access, uint32_t data) {
    if (access.core == kNoCore) {
        read_out = data;
        stop_device(Stop::kReadOut, 0, 0, 0, false);
        return;
    }
    Core& core = cores[access.core];
    const Decoded d = core.waiting;
    const uint32_t back = config.timing.peripheral - 1 - config.timing.peripheral / 2;
    update_base(core, d);
    if (!d.store) core.set(d.rd, data);
    core.next = &core.waiting;
    core.state = State::kRunning;
    core.stall(Stall::kMemory, now - core.waits_since - 1 + back);
    retire(core, core.pc + d.bytes, 0, Stall::kMemory);
    core.ready = now + back;
}

inline void Cluster::stop_device(Stop stop, uint32_t device, uint32_t address, uint32_t bytes,
                                 bool writes) {
    if (stop_asked_ && record.stop != Stop::kHostCall) return;
    stop_asked_ = true;
    record = {};
    record.stop = stop;
    record.hart = device;
    record.address = address;
    record.bytes = bytes;
    record.is_store = writes;
}

}  // namespace alpine::riscv
