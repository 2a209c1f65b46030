// SPDX-License-Identifier: Apache-2.0
// Control of a hardware processing engine: registers, two job contexts, errors and counters, as in
// alpine_rtl/cluster/control.py, cycle by cycle.

#pragma once

#include <cstdint>

#include "accelerator_pins.hpp"
#include "accelerator_registers.hpp"

namespace alpine {

constexpr uint32_t kContexts = 2;

using ContextWords = uint32_t[kContextWords];

// What an engine did in a cycle.
struct EngineCycle {
    bool requesting = false, stalled = false;  // on a memory port
    bool product = false, ended = false;       // a product; the oldest context
    uint32_t bytes_in = 0, bytes_out = 0;
};

// Order of two contexts from acquisition to finish (alpine_rtl/cluster/contexts.py).
struct ContextQueue {
    bool acquired[kContexts] = {}, triggered[kContexts] = {}, begun[kContexts] = {};
    uint32_t acquired_last = 0, triggered_last = 0;

    bool free() const { return !(acquired[0] && acquired[1]); }
    uint32_t free_number() const { return acquired[0]; }
    bool is_open(uint32_t n) const { return acquired[n] && !triggered[n]; }
    bool open() const { return is_open(0) || is_open(1); }
    uint32_t open_number() const {
        return is_open(0) && is_open(1) ? !acquired_last : is_open(1);
    }
    bool waits(uint32_t n) const { return triggered[n] && !begun[n]; }
    bool waiting() const { return waits(0) || waits(1); }
    uint32_t next() const { return waits(0) && waits(1) ? !triggered_last : waits(1); }
    bool any_triggered() const { return triggered[0] || triggered[1]; }
    uint32_t oldest() const {
        return triggered[0] && triggered[1] ? !triggered_last : uint32_t(triggered[1]);
    }
};

// masks: the bits that each register of a context keeps.
class HwpeControl {
  public:
    HwpeControl(uint32_t id, uint32_t geometry, const uint32_t* masks, uint32_t context_words)
        : id_(id), geometry_(geometry), masks_(masks), context_words_(context_words) {}
    virtual ~HwpeControl() = default;

    const ContextWords& context(uint32_t number) const { return words_[number]; }
    uint32_t candidate() const { return queue.next(); }
    bool busy(bool requesting) const { return queue.any_triggered() || requesting; }
    bool clearing() const { return clearing_; }
    void show(ConfigurationAnswer& answer, uint32_t& event) const {
        answer = {!awaits_, rsp_valid_, rsp_data_};
        event = event_done_;
    }

    // Whether the next context may begin in this cycle, if the engine is ready.
    bool may_begin() const { return checked_ && refusal_ == ClusterError::kNone; }
    bool checks() const { return queue.waiting() && !checked_ && !clearing_; }

    // Whether the engine returns to its reset state at the coming edge.
    bool flushes(const ConfigurationAccess& in, const EngineCycle& engine) const {
        return (clears(in) || clearing_) && !engine.stalled;
    }

    // The edge: `begins` says that the candidate begins, `check` what it is refused for.
    void step(const ConfigurationAccess& in, const EngineCycle& engine, bool begins,
              ClusterError check) {
        const bool access = in.valid && !awaits_, write = access && in.write;
        const bool is_busy = busy(engine.requesting), soft_clear = clears(in);
        const bool checking = checks();
        const bool refuses =
            checked_ && refusal_ != ClusterError::kNone && !(queue.begun[0] || queue.begun[1]);
        const bool finish = refuses || (engine.ended && !clearing_), ends = finish && !soft_clear;
        const ClusterError refused = refuses && !soft_clear ? refusal_ : ClusterError::kNone;
        Served served = access ? serve(in, is_busy) : Served{};
        const bool clear = write && HwpeRegister(in.address) == HwpeRegister::kClearCounters;
        const bool read_finished =
            access && !in.write && HwpeRegister(in.address) == HwpeRegister::kFinished;
        finished_ = (read_finished ? 0 : finished_) + ends;
        event_done_ = ends;
        count(engine, is_busy, clear);
        if (error_ == ClusterError::kNone || clear)
            error_ = served.wrong != ClusterError::kNone ? served.wrong : refused;
        respond(in, access, served);
        follow(in, access, begins, finish, soft_clear);
        if (checking) {
            checked_ = true;
            refusal_ = check;
        }
        if (begins || refuses || soft_clear) checked_ = false;
        clearing_ = (soft_clear || clearing_) && engine.stalled;
    }

    ContextQueue queue;

  protected:
    struct Served {
        ClusterError wrong = ClusterError::kNone;
        uint32_t data = 0;
        bool slow = false;
    };

    // Registers beyond those that all engines have.
    virtual bool serve_own(const ConfigurationAccess&, bool, Served&) { return false; }
    // What a slow access does in the cycle behind its acceptance; what it reads.
    virtual uint32_t slow(bool, uint32_t) { return 0; }

  private:
    bool clears(const ConfigurationAccess& in) const {
        return in.valid && !awaits_ && in.write &&
               HwpeRegister(in.address) == HwpeRegister::kSoftClear;
    }

    Served serve(const ConfigurationAccess& in, bool is_busy) {
        Served found;
        const uint32_t index = (in.address - kContextOffset) / 4;
        if (in.address % 4 == 0 && index < context_words_) {
            if (!queue.open()) return {ClusterError::kNotAcquired, 0, false};
            uint32_t& word = words_[queue.open_number()][index];
            found.data = in.write ? 0 : word;
            if (in.write) word = in.data & masks_[index];
            return found;
        }
        if (serve_own(in, is_busy, found)) return found;
        switch (HwpeRegister(in.address)) {
            case HwpeRegister::kTrigger:
                found.wrong = !in.write        ? ClusterError::kAddress
                              : queue.open() ? ClusterError::kNone
                                             : ClusterError::kNotAcquired;
                return found;
            case HwpeRegister::kSoftClear: case HwpeRegister::kClearCounters:
                found.wrong = in.write ? ClusterError::kNone : ClusterError::kAddress;
                return found;
            case HwpeRegister::kAcquire:
                found.data = queue.free() ? queue.free_number() : kNoContext;
                break;
            case HwpeRegister::kFinished: found.data = finished_; break;
            case HwpeRegister::kStatus: found.data = is_busy | uint32_t(error_) << 8; break;
            case HwpeRegister::kRunning: found.data = queue.oldest(); break;
            case HwpeRegister::kId: found.data = id_; break;
            case HwpeRegister::kVersion: found.data = kHwpeVersion; break;
            case HwpeRegister::kBusyCycles: found.data = counters_[0]; break;
            case HwpeRegister::kStalledCycles: found.data = counters_[1]; break;
            case HwpeRegister::kProducts: found.data = counters_[2]; break;
            case HwpeRegister::kBytesIn: found.data = counters_[3]; break;
            case HwpeRegister::kBytesOut: found.data = counters_[4]; break;
            case HwpeRegister::kGeometry: found.data = geometry_; break;
            default: found.wrong = ClusterError::kAddress; return found;
        }
        if (in.write) found = {ClusterError::kAddress, 0, false};
        return found;
    }

    void count(const EngineCycle& engine, bool is_busy, bool clear) {
        const uint32_t more[5] = {1, engine.stalled, engine.product && !clearing_, engine.bytes_in,
                                  engine.bytes_out};
        for (int i = 0; i < 5; ++i) {
            if (clear) counters_[i] = 0;
            else if (is_busy) counters_[i] += more[i];
        }
    }

    // Answers in the next cycle, a slow access two cycles behind its acceptance's next one.
    void respond(const ConfigurationAccess& in, bool access, const Served& served) {
        const bool done = slow_done_;
        slow_done_ = slow_start_;
        if (slow_start_) slow_data_ = slow(slow_writes_, slow_word_);
        slow_start_ = access && served.slow;
        rsp_valid_ = (access && !served.slow) || (awaits_ && done);
        rsp_data_ = awaits_ ? (slow_writes_ ? 0 : slow_data_) : (in.write ? 0 : served.data);
        if (access && served.slow) {
            awaits_ = true;
            slow_writes_ = in.write;
            slow_word_ = in.data;
        } else if (done) {
            awaits_ = false;
        }
    }

    void follow(const ConfigurationAccess& in, bool access, bool begins, bool finish, bool clear) {
        const ContextQueue before = queue;
        if (access && !in.write && HwpeRegister(in.address) == HwpeRegister::kAcquire &&
            before.free()) {
            queue.acquired[before.free_number()] = true;
            queue.acquired_last = before.free_number();
        }
        if (access && in.write && HwpeRegister(in.address) == HwpeRegister::kTrigger &&
            before.open()) {
            queue.triggered[before.open_number()] = true;
            queue.triggered_last = before.open_number();
        }
        if (begins) queue.begun[before.next()] = true;
        if (finish) {
            const uint32_t oldest = before.oldest();
            queue.acquired[oldest] = queue.triggered[oldest] = queue.begun[oldest] = false;
        }
        if (clear)
            for (uint32_t n = 0; n < kContexts; ++n)
                queue.acquired[n] = queue.triggered[n] = queue.begun[n] = false;
    }

    const uint32_t id_, geometry_;
    const uint32_t* const masks_;
    const uint32_t context_words_;
    ContextWords words_[kContexts] = {};
    bool checked_ = false, clearing_ = false, awaits_ = false, rsp_valid_ = false,
         event_done_ = false;
    bool slow_start_ = false, slow_done_ = false, slow_writes_ = false;
    uint32_t slow_word_ = 0, slow_data_ = 0;
    ClusterError refusal_ = ClusterError::kNone, error_ = ClusterError::kNone;
    uint32_t rsp_data_ = 0, finished_ = 0, counters_[5] = {};
};

// Which of two sides has a memory port, beat by beat (alpine_rtl/cluster/port_multiplexer.py).
struct Beat {
    bool valid = false, last = false;
    uint32_t address = 0, count = 0;
};

class PortMultiplexer {
  public:
    // The side whose request is shown in this cycle, 0 or 1.
    uint32_t chosen(const Beat* sides, uint32_t count) const {
        if (count == 1) return 0;
        if (waiting_) return held_;
        return sides[0].valid && sides[1].valid ? !served_ : sides[1].valid;
    }
    bool requests(const Beat* sides, uint32_t count, bool halt) const {
        const bool wanted = sides[0].valid || (count > 1 && sides[1].valid);
        return wanted && !rests_ && (!halt || waiting_);
    }
    void step(bool requested, bool granted, uint32_t side, bool last) {
        waiting_ = requested && !granted;
        held_ = side;
        rests_ = granted && last;
        if (granted) served_ = side;
    }

  private:
    bool waiting_ = false, rests_ = false;
    uint32_t held_ = 0, served_ = 0;
};

// An engine's reads and writes on one memory port or two.
class MemoryAccess {
  public:
    explicit MemoryAccess(uint32_t ports) : ports_(ports) {}

    // The port of a side: 0 reads, 1 writes.
    uint32_t port_of(uint32_t side) const { return ports_ == 1 ? 0 : side; }

    // Whether a port shows a request, and whose it is.
    bool shown(uint32_t port, const Beat (&beats)[2], bool halt, uint32_t& side) const {
        if (ports_ == 1) {
            side = multiplexers_[0].chosen(beats, 2);
            return multiplexers_[0].requests(beats, 2, halt);
        }
        side = port;
        return multiplexers_[port].requests(&beats[port], 1, halt);
    }

    // A cycle's grants: which sides are taken, and what the control counts.
    void step(const Beat (&beats)[2], bool halt, const MemoryAnswer* answers, bool owner,
              bool (&taken)[2], EngineCycle& cycle) {
        taken[0] = taken[1] = false;
        for (uint32_t port = 0; port < ports_; ++port) {
            uint32_t side = 0;
            const bool requested = shown(port, beats, halt, side);
            const bool granted = requested && owner && answers[port].granted;
            cycle.requesting |= requested;
            cycle.stalled |= requested && !granted;
            if (granted) {
                taken[side] = true;
                (side ? cycle.bytes_out : cycle.bytes_in) += beats[side].count;
            }
            multiplexers_[port].step(requested, granted, ports_ == 1 ? side : 0, beats[side].last);
        }
    }

    void flush() { multiplexers_[0] = multiplexers_[1] = {}; }

  private:
    const uint32_t ports_;
    PortMultiplexer multiplexers_[kMostMemoryPorts];
};

}  // namespace alpine
