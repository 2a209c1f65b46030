// SPDX-License-Identifier: Apache-2.0
// Cores, accelerators and a DMA that share a TCDM, cycle by cycle.
//
// In every cycle the cores whose next instruction may begin ask for the bank that it needs, the DMA
// and the accelerators for the banks of their beats; each bank serves one of them, round robin;
// cores that are served, and those that need none, execute. A load sees the stores of earlier
// cycles. Beyond the TCDM cores do not disturb each other, and what they do in one cycle happens in
// the order of their numbers. While neither DMA nor accelerators are at work, cycles in which no
// core begins an instruction are left out; while all cores sleep, the others run ahead.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "accelerator_host.hpp"
#include "cluster_dma.hpp"
#include "core.hpp"
#include "event_unit.hpp"
#include "memory.hpp"

namespace alpine::riscv {

// Register files behind the peripheral interconnect: those of the accelerators' ports, the DMA's.
constexpr uint32_t kDmaDevice = kConfigurationPorts, kDevices = kDmaDevice + 1;

struct Configuration {
    uint32_t cores;
    uint32_t tcdm_base, tcdm_bytes, banks;
    uint32_t event_unit_base, event_unit_bytes;
    uint32_t has_to_host, to_host;
    uint32_t device_base[kDevices], device_bytes;  // register files of accelerators and DMA
    uint32_t l2_base;
    uint32_t core_v;           // whether CORE-V's instructions are decoded
    uint32_t off_load_opcode;  // of CM instructions, which the host answers, or 0
    Timing timing;
    DmaConfiguration dma;
};

// Why the cores stand; which members matter depends on `stop`.
struct StopRecord {
    Stop stop;
    uint32_t hart, pc, word, cause, address, bytes, is_store, status;
};

enum Cause : uint32_t {
    kFetchFault = 1, kIllegal = 2, kBreakpoint = 3, kLoadFault = 5, kStoreFault = 7, kCall = 11,
};

constexpr uint32_t kPageBytes = 4096;
constexpr uint32_t kLeastBodyBytes = 12;  // three instructions

class Cluster {
  public:
    explicit Cluster(const Configuration& configuration)
        : config(configuration),
          cores(configuration.cores),
          events(configuration.event_unit_base, configuration.event_unit_bytes,
                 configuration.cores),
          dma(configuration.dma),
          due_(configuration.cores) {
        memory.add(configuration.tcdm_base, configuration.tcdm_bytes, 0);
        peripherals.push_back(&events);
        for (uint32_t hart = 0; hart < cores.size(); ++hart) cores[hart].hart = hart;
    }

    // Runs until something stops the cores, `limit` is reached or `budget` instructions are done.
    // Where accelerators have no call for it, every edge that they need stops the cores as well.
    Stop run(uint64_t limit, uint64_t budget) {
        record = {};
        if (edge_due_) {
            edge_due_ = false;
            return stopped(Stop::kEdge);
        }
        if (pending_calls && !frozen_) return stopped(Stop::kHostCall);
        while (true) {
            // While devices are at work every cycle counts, and those of cores otherwise.
            const uint64_t next = devices_active_ ? clock_ : earliest();
            if (next == kNever) {
                now += 1;
                return stopped(Stop::kDeadlock);
            }
            if (next >= limit) {
                now = limit;
                return stopped(Stop::kLimit);
            }
            if (budget == 0) return stopped(Stop::kSlice);
            now = next;
            const bool edge_due = devices_active_ && host.attached && !host.calls.step;
            const uint32_t done = devices_active_ ? cycle_with_devices() : cycle_of_cores();
            budget -= budget < done ? budget : done;
            if (forget_asked_) forget_code();
            if (stop_asked_) {
                stop_asked_ = false;
                edge_due_ = edge_due;
                now += 1;
                return record.stop;
            }
            if (edge_due) return stopped(Stop::kEdge);
        }
    }

    // The host has served a call: the core goes on behind it.
    void resume(uint32_t hart) {
        Core& core = cores[hart];
        pending_calls &= ~(1u << hart);
        retire(core, core.pc + 4, 0, Stall::kTrap);
        core.state = State::kRunning;
        core.ready = now;
    }

    // The host has answered an instruction: its result is there, and the core goes on in a cycle.
    void complete_off_load(uint32_t hart, uint32_t value, uint64_t ready) {
        Core& core = cores[hart];
        pending_calls &= ~(1u << hart);
        core.set(core.next->rd, value);
        core.stall(Stall::kCoprocessor, ready - now);
        retire(core, core.pc + 4, 0, Stall::kCoprocessor);
        core.state = State::kRunning;
        core.ready = ready;
    }

    // The host has served a call from which the core does not come back.
    void halt(uint32_t hart) {
        Core& core = cores[hart];
        pending_calls &= ~(1u << hart);
        core.instructions += 1;
        core.ready = core.ended = now;
        core.state = State::kHalted;
    }

    // Everything that was decoded is forgotten; after code was written.
    void forget_code() {
        forget_asked_ = false;
        allowed_.clear();
        pages_.clear();
        for (Core& core : cores) core.next = nullptr;
        page_ = nullptr;
    }

    Configuration config;
    std::vector<Core> cores;
    Memory memory;
    EventUnit events;
    ClusterDma dma;
    AcceleratorHost host;
    std::vector<Peripheral*> peripherals;  // the event unit, and what is attached
    StopRecord record{};
    uint64_t now = 0;
    uint32_t read_out = 0;       // of the register that was read last past the cores
    uint32_t pending_calls = 0;  // cores whose ecall the host has still to serve

  private:
    static constexpr uint64_t kNever = ~uint64_t(0);

    struct CodePage {
        Decoded code[kPageBytes / 2] = {};
    };

    // cluster_devices.hpp
  public:
    void attach(const AcceleratorCalls& calls, uint32_t memory_ports);
    void freeze(uint32_t engine, uint32_t offset);

  private:
    uint32_t cycle_with_devices();
    void begin_devices();
    void end_devices();
    void complete(const RegisterAccess& access, uint32_t data);
    void reach(Core& core, const Decoded& d, uint32_t device, uint32_t address);
    void ask_for_banks();
    void stop_device(Stop stop, uint32_t device, uint32_t address, uint32_t bytes, bool writes);

    Stop stopped(Stop stop) {
        record.stop = stop;
        return stop;
    }

    uint64_t earliest() const {
        uint64_t first = kNever;
        for (const Core& core : cores)
            if (core.state == State::kRunning && core.ready < first) first = core.ready;
        return first;
    }

    uint32_t cycle_of_cores() {
        const uint32_t count = gather();
        for (uint32_t i = 0; i < count; ++i) execute(*due_[i]);
        return count;
    }

    // Collects the cores that execute in this cycle, in the order of their numbers.
    uint32_t gather() {
        uint32_t count = 0;
        if (frozen_) return 0;
        for (Core& core : cores)
            if (core.state == State::kRunning && core.ready == now && prepare(core))
                due_[count++] = &core;
        return count + ports_asking_ > 1 ? arbitrate(count) : granted_alone(count);
    }

    static constexpr uint32_t kNobody = ~0u;
    static constexpr uint32_t kPorts = 1 + kMostMemoryPorts;  // the DMA's, the accelerators'

    struct Port {
        bool asks = false, granted = false;
        uint32_t banks = 0;
    };

    uint32_t address_of(const Core& core, const Decoded& d) const {
        const uint32_t base = core.x[d.rs1];
        switch (d.variant) {
            case kAddressingOffset: return base + uint32_t(d.imm);
            case kAddressingIndexed: return base + core.x[d.store ? d.rd : d.rs2];
            default: return base;
        }
    }

    // Banks that an access to the TCDM touches, a bit each.
    uint32_t banks_of(uint32_t offset, uint32_t bytes) const {
        const uint32_t first = offset / 4, words = (offset + bytes - 1) / 4 - first + 1;
        const uint32_t every = uint32_t((uint64_t(1) << config.banks) - 1);
        if (words >= config.banks) return every;
        const uint64_t touched = ((uint64_t(1) << words) - 1) << first % config.banks;
        return uint32_t(touched | touched >> config.banks) & every;
    }

    uint32_t banks_of(const Core& core) const {
        const Decoded& d = *core.next;
        if (!d.access) return 0;
        const uint32_t offset =
            address_of(core, d) - config.tcdm_base + (core.second_half ? 4 : 0);
        return offset < config.tcdm_bytes ? 1u << offset / 4 % config.banks : 0;
    }

    // Where one request alone is there.
    uint32_t granted_alone(uint32_t count) {
        for (Port& port : ports_) port.granted = port.asks;
        return count;
    }

    // Leaves the cores that their banks serve; the others try again in the next cycle. The rule is
    // that of alpine_platform/cluster/scratch_pad_kernel.py: masters, which are the cores, the DMA
    // and the accelerators' ports, are looked at from one of them on and round; the next cycle
    // begins with the first that was refused, if any was.
    uint32_t arbitrate(uint32_t count) {
        const uint32_t harts = uint32_t(cores.size());
        uint32_t begin = 0, taken = 0, refused = kNobody;
        while (begin < count && due_[begin]->hart < first_) ++begin;
        const auto served = [&](uint32_t number, uint32_t banks) {
            if (taken & banks) {
                if (refused == kNobody) refused = number;
                return false;
            }
            taken |= banks;
            return true;
        };
        const auto look_at_cores = [&](uint32_t from, uint32_t to) {
            for (uint32_t i = from; i < to; ++i) {
                Core& core = *due_[i];
                if (served(core.hart, banks_of(core))) continue;
                core.stall(Stall::kBankConflict, 1);
                core.ready = now + 1;
                due_[i] = nullptr;
            }
        };
        const auto look_at_ports = [&](uint32_t from, uint32_t to) {
            for (uint32_t i = from; i < to; ++i)
                ports_[i].granted = ports_[i].asks && served(harts + i, ports_[i].banks);
        };
        const uint32_t first_port = first_ > harts ? first_ - harts : 0;
        look_at_cores(begin, count);
        look_at_ports(first_port, kPorts);
        look_at_cores(0, begin);
        look_at_ports(0, first_port);
        if (refused == kNobody) return count;
        first_ = refused;
        uint32_t left = 0;
        for (uint32_t i = 0; i < count; ++i)
            if (due_[i]) due_[left++] = due_[i];
        return left;
    }

    // Fetches what a core executes next, and lets the cycle of a hazard pass.
    bool prepare(Core& core) {
        if (core.next) return true;
        const Decoded* d = fetch(core);
        if (!d) return false;
        if (core.loaded & d->reads) {
            core.loaded = core.written = 0;
            core.stall(Stall::kLoadUse, 1);
            core.ready = now + 1;
            return false;
        }
        if (d->op == Op::kJalr && core.written & d->reads) {
            core.written = 0;
            core.stall(Stall::kJumpRegister, 1);
            core.ready = now + 1;
            return false;
        }
        core.next = d;
        return true;
    }

    const Decoded* fetch(Core& core) {
        const uint32_t number = core.pc / kPageBytes;
        if (!page_ || number != page_number_) {
            page_ = &pages_[number];
            page_number_ = number;
        }
        Decoded& d = page_->code[core.pc % kPageBytes / 2];
        if (d.op == Op::kUndecoded) {
            uint32_t word;
            if (!code_at(core.pc, word)) {
                raise(core, kFetchFault, core.pc, 0);
                return nullptr;
            }
            d = decode(word, config.core_v, config.off_load_opcode);
        }
        return &d;
    }

    bool code_at(uint32_t address, uint32_t& word) {
        uint16_t low, high = 0;
        Region* region = memory.find(address, 2);
        if (!region) return false;
        std::memcpy(&low, &region->bytes[address - region->base], 2);
        if ((low & 3) == 3) {
            region = memory.find(address + 2, 2);
            if (!region) return false;
            std::memcpy(&high, &region->bytes[address + 2 - region->base], 2);
        }
        word = uint32_t(high) << 16 | low;
        return true;
    }

    void execute(Core& core) {
        const Decoded& d = *core.next;
        if (d.access) return move(core, d);
        switch (d.op) {
            case Op::kJal: {
                const uint32_t target = core.pc + uint32_t(d.imm);
                core.set(d.rd, core.pc + d.bytes);
                return jump(core, target, config.timing.jump, Stall::kJump);
            }
            case Op::kJalr: {
                const uint32_t target = (core.x[d.rs1] + uint32_t(d.imm)) & ~1u;
                core.set(d.rd, core.pc + d.bytes);
                return jump(core, target, config.timing.jump, Stall::kJump);
            }
            case Op::kBeq: case Op::kBne: case Op::kBlt: case Op::kBge: case Op::kBltu:
            case Op::kBgeu: case Op::kCvBeqimm: case Op::kCvBneimm:
                if (branch_taken(d, core.x[d.rs1], core.x[d.rs2]))
                    return jump(core, core.pc + uint32_t(d.imm), config.timing.taken_branch,
                                Stall::kBranch);
                return retire(core, core.pc + d.bytes, 0, Stall::kBranch);
            case Op::kMulh: case Op::kMulhsu: case Op::kMulhu:
                return compute(core, d, config.timing.high_product);
            case Op::kDiv: case Op::kRem:
                return compute(core, d, division_cycles(config.timing, core.x[d.rs2], true));
            case Op::kDivu: case Op::kRemu:
                return compute(core, d, division_cycles(config.timing, core.x[d.rs2], false));
            case Op::kLoopStart: case Op::kLoopEnd: case Op::kLoopCount: case Op::kLoopSetupi:
            case Op::kLoopSetup: return set_loop(core, d);
            case Op::kFence: case Op::kWfi: return retire(core, core.pc + 4, 0, Stall::kJump);
            case Op::kFenceI: {
                const uint32_t target = core.pc + 4;
                forget_asked_ = true;
                return jump(core, target, config.timing.jump, Stall::kJump);
            }
            case Op::kMret: return return_from_trap(core);
            case Op::kEcall: return call(core);
            case Op::kEbreak: return raise(core, kBreakpoint, core.pc, 0);
            case Op::kCsrrw: case Op::kCsrrs: case Op::kCsrrc: return access_csr(core, d);
            case Op::kOffLoad: return off_load(core);
            case Op::kIllegal: return raise_illegal(core);
            default: return compute(core, d, 1);
        }
    }

    void compute(Core& core, const Decoded& d, uint32_t cycles) {
        core.set(d.rd, computed(d, core));
        retire(core, core.pc + d.bytes, cycles - 1, Stall::kArithmetic);
    }

    // An instruction is done; hardware loops decide what follows it.
    void retire(Core& core, uint32_t following, uint32_t extra, Stall cause) {
        for (HardwareLoop& loop : core.loop) {
            if (loop.count == 0 || following != loop.end) continue;
            if (loop.count > 1) following = loop.start;
            loop.count -= 1;
            break;
        }
        core.pc = following;
        finish(core, extra, cause);
    }

    void finish(Core& core, uint32_t extra, Stall cause) {
        core.written = core.next->writes;
        core.loaded = core.next->access && !core.next->store ? bit_of(core.next->rd) : 0;
        core.next = nullptr;
        core.instructions += 1;
        core.stall(cause, extra);
        core.ready = now + 1 + extra;
    }

    void jump(Core& core, uint32_t target, uint32_t cycles, Stall cause) {
        uint32_t word = 0;
        // A target of 32 bits across a word is fetched in two.
        if (target % 4 && code_at(target, word) && (word & 3) == 3)
            cycles += config.timing.unaligned_target;
        core.pc = target;
        finish(core, cycles - 1, cause);
    }

    void set_loop(Core& core, const Decoded& d) {
        HardwareLoop& loop = core.loop[d.rd & 1];
        const uint32_t offset = uint32_t(d.imm) << 2;
        switch (d.op) {
            case Op::kLoopStart: loop.start = d.variant ? core.pc + offset : core.x[d.rs1]; break;
            case Op::kLoopEnd: loop.end = d.variant ? core.pc + offset : core.x[d.rs1]; break;
            case Op::kLoopCount:
                loop.count = d.variant ? uint32_t(d.imm) : core.x[d.rs1];
                break;
            case Op::kLoopSetupi:
                loop.start = core.pc + 4;
                loop.end = core.pc + (uint32_t(d.rs2) << 2);
                loop.count = uint32_t(d.imm);
                break;
            default:
                loop.start = core.pc + 4;
                loop.end = core.pc + offset;
                loop.count = core.x[d.rs1];
        }
        if (loop.count && !body_allowed(core, loop)) {
            fill(core, Stop::kBadLoop);
            record.address = loop.start;
            record.bytes = loop.end;
            return;
        }
        retire(core, core.pc + 4, 0, Stall::kJump);
    }

    // The manual's constraints on a loop's body; looked at once for each body.
    bool body_allowed(const Core& core, const HardwareLoop& loop) {
        const uint64_t key = uint64_t(loop.start) << 32 | loop.end;
        if (allowed_.count(key)) return true;
        if (core.pc % 4 || loop.start % 4 || loop.end % 4) return false;
        if (loop.end < loop.start || loop.end - loop.start < kLeastBodyBytes) return false;
        for (uint32_t address = loop.start; address < loop.end; address += 4) {
            uint32_t word;
            if (!code_at(address, word) || !loop_may_hold(decode(word, true, 0))) return false;
        }
        allowed_.insert(key);
        return true;
    }


    // cluster_memory.hpp
    void move(Core& core, const Decoded& d);
    void touch(Core& core, const Decoded& d, Peripheral& peripheral, uint32_t address);
    void wake();

    // cluster_system.hpp
    void fill(const Core& core, Stop stop);
    void raise(Core& core, uint32_t cause, uint32_t value, uint32_t bytes);
    void raise_illegal(Core& core);
    void call(Core& core);
    void off_load(Core& core);
    void return_from_trap(Core& core);
    void access_csr(Core& core, const Decoded& d);
    bool read_csr(const Core& core, Csr number, uint32_t& value) const;
    void write_csr(Core& core, Csr number, uint32_t value);

    std::unordered_map<uint32_t, CodePage> pages_;
    CodePage* page_ = nullptr;
    uint32_t page_number_ = 0;

    uint32_t first_ = 0;  // core that is looked at first where several ask for banks
    std::vector<Core*> due_;
    std::unordered_set<uint64_t> allowed_;  // bodies of hardware loops, start and end
    bool stop_asked_ = false, forget_asked_ = false;

    Port ports_[kPorts];
    uint32_t ports_asking_ = 0;
    bool devices_active_ = false;  // DMA or accelerators are at work
    bool edge_due_ = false;        // of accelerators without a call for it
    bool frozen_ = false;          // cores and memory stand still, registers are read
    uint64_t clock_ = 0;           // next cycle of the devices
    std::deque<RegisterAccess> dma_queued_;
    RegisterAccess dma_answered_{};
    bool dma_answers_ = false, dma_ended_ = false;
};

}  // namespace alpine::riscv
