// SPDX-License-Identifier: Apache-2.0
// One verilated model with its clocks: stepping, waiting for a port, driving, tracing.
//
// Included by a generated wrapper that has defined
//   ALPINE_MODEL                the model class
//   ALPINE_CLOCKS               how many clocks are driven
//   ALPINE_CLOCK                the clock's member, where there is one
//   ALPINE_TRACER               the trace writer class, when the model was built with tracing
//   ALPINE_VCD                  when that one writes VCD
//   ALPINE_TIMING               when the design has delays
//   ALPINE_SAVABLE              when its state can be saved
//   ALPINE_INOUTS               when it has inouts
// and the structures Ports, references to ports by name, and Outside, what is driven on inouts,
// and that defines alpine_clock_member() and alpine_port_address() afterwards.

#pragma once

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime.hpp"
#include "verilated.h"
#include "verilated_sym_props.h"

namespace alpine {

// The design stopped or finished in the cycle that was just completed.
struct Halted {};

struct ClockTimes {
    uint64_t active, idle;  // next edges, in units of the model's time
    uint64_t period;
    uint8_t active_level;
};

#ifdef ALPINE_VCD
// A waveform's file. Once it cannot be written it takes everything and keeps nothing: the runtime's
// own answer is to end the simulation from within the writer, with its locks held.
struct WaveFile final : VerilatedVcdFile {
    int failure = 0;  // errno

    ssize_t write(const char* data, ssize_t size) override {
        if (failure) return size;
        const ssize_t written = VerilatedVcdFile::write(data, size);
        if (written >= 0 || errno == EAGAIN || errno == EINTR) return written;
        failure = errno;
        return size;
    }
};
#endif

#ifdef ALPINE_TRACER
// Whether an opened trace, which was restricted to a scope, has found signals in it. Verilator then
// has a list of those that are enabled; a version that keeps it elsewhere is taken to have found
// some.
template <typename Trace, typename Buffer>
struct OpenedTrace : VerilatedTrace<Trace, Buffer> {
    template <typename Opened>
    static bool has_signals(const Opened& opened) {
        if constexpr (requires { opened.*(&OpenedTrace::m_sigs_enabledp); }) {
            return opened.*(&OpenedTrace::m_sigs_enabledp) != nullptr;
        }
        return true;
    }
};
template <typename Trace, typename Buffer>
bool has_signals(const VerilatedTrace<Trace, Buffer>& opened) {
    return OpenedTrace<Trace, Buffer>::has_signals(opened);
}
#endif

struct Model {
    Events events;  // before what reports to it until it is gone
    VerilatedContext context;
    ALPINE_MODEL top{&context, ""};
    Ports ports{top};
    Outside outside;  // what is driven on inouts from outside
    uint64_t cycles = 0;
    std::atomic<bool> busy{false};
    bool broken = false;
    std::vector<ClockTimes> clocks;
    uint64_t progress = 0;  // rows that drive() has done
    std::vector<uint8_t> saved;
#ifdef ALPINE_VCD
    WaveFile wave_file;
#endif
#ifdef ALPINE_TRACER
    std::unique_ptr<ALPINE_TRACER> tracer;
    bool tracing = false;
    uint64_t dumped = 0;
#endif

    Model() {
#ifdef ALPINE_TRACER
        context.traceEverOn(true);
#endif
    }

    // One cycle of the first clock, from its idle level to its idle level: the active edge with the
    // inputs as they are, then the other one, and the edges of other clocks in between. Outputs read
    // afterwards are those of the new state.
    void step() {
        show();
#if ALPINE_CLOCKS == 1
        ClockTimes& clock = clocks[0];
        move(clock.active);
        top.ALPINE_CLOCK = clock.active_level;
        evaluate();
        move(clock.idle);
        top.ALPINE_CLOCK = !clock.active_level;
        evaluate();
        clock.active += clock.period;
        clock.idle += clock.period;
#else
        while (!edge()) {}
#endif
        ++cycles;
        if (events.stopped || events.finished) [[unlikely]] throw Halted{};
    }

    // One evaluation, and more of them as long as what the design drives on its inouts changes what
    // stands on them.
    void eval() {
        top.eval();
#ifdef ALPINE_INOUTS
        for (int turn = 0; turn < kInoutTurns && outside.resolve(top); ++turn) top.eval();
#endif
    }

    // Lets inputs act before the edge of the next step(), also on what is open while the clock is
    // idle; a step that is shown in a waveform does so itself.
    void prepare() {
#ifdef ALPINE_TRACER
        if (tracing) return;
#endif
        eval();
    }

    // Lets what depends on inputs settle, between two edges.
    void settle() {
#ifdef ALPINE_TRACER
        if (tracing) {
            show();
            return;
        }
#endif
        eval();
    }

    // Runs clocks and delays for some time.
    void run(uint64_t duration) {
        const uint64_t end = context.time() + duration;
        show();
#if ALPINE_CLOCKS > 0
        while (next_edge() <= end) cycles += edge();
#endif
        move(end);
        settle();
    }

    // Called at quiet times too, so that a waveform of a skipped stretch keeps its place in time.
    void advance(uint64_t skipped_cycles) {
        cycles += skipped_cycles;
        for (ClockTimes& clock : clocks) {
            clock.active += skipped_cycles * clock.period;
            clock.idle += skipped_cycles * clock.period;
        }
    }

    // Shows in a waveform what changed since the last edge: inputs change after it.
    void show() {
#ifdef ALPINE_TRACER
        if (!tracing) return;
        eval();
        const uint64_t next = next_edge(), now = context.time();
        uint64_t later = now + (next - now) / 2;
        if (later <= dumped) later = dumped + 1;
        if (later < next || clocks.empty()) dump(later);
#endif
    }

    bool trace_open(const char* path, int depth, const char* scope) {
#ifdef ALPINE_TRACER
        trace_close();
#ifdef ALPINE_VCD
        wave_file.failure = 0;
        tracer = std::make_unique<ALPINE_TRACER>(&wave_file);
#else
        tracer = std::make_unique<ALPINE_TRACER>();
#endif
        tracer->dumpvars(depth, scope);
        top.trace(tracer.get(), depth);
        tracer->open(path);
        tracing = tracer->isOpen();
        if (tracing) {
            eval();
            dump(context.time());
        }
        return tracing;
#else
        (void)path, (void)depth, (void)scope;
        return false;
#endif
    }

    bool trace_has_signals() {
#ifdef ALPINE_TRACER
        return has_signals(*tracer->spTrace());
#else
        return false;
#endif
    }

    void trace_close() {
#ifdef ALPINE_TRACER
        if (tracing) {
            tracer->close();
            tracing = false;
        }
#endif
    }

private:
    static constexpr int kInoutTurns = 8;

    uint64_t next_edge() const {
        uint64_t next = clocks.empty() ? context.time() + 2 : ~uint64_t(0);
        for (const ClockTimes& clock : clocks) {
            const uint64_t own = clock.active < clock.idle ? clock.active : clock.idle;
            if (own < next) next = own;
        }
        return next;
    }

    // All edges of the earliest time at which there is one. True at the end of a cycle of the first
    // clock.
    bool edge();

    // Time goes on, through everything that the design does by itself meanwhile.
    void move(uint64_t time) {
#ifdef ALPINE_TIMING
        while (top.eventsPending() && top.nextTimeSlot() < time) {
            context.time(top.nextTimeSlot());
            evaluate();
        }
#endif
        context.time(time);
    }

    void evaluate() {
        eval();
#ifdef ALPINE_TRACER
        if (tracing) dump(context.time());
#endif
    }

#ifdef ALPINE_TRACER
    void dump(uint64_t time) {
        tracer->dump(time);
        dumped = time;
    }
#endif
};

}  // namespace alpine

extern "C" {
void* alpine_port_address(alpine::Model* model, int port);
uint8_t* alpine_clock_member(alpine::Model* model, int clock);
}

inline bool alpine::Model::edge() {
    const uint64_t now = next_edge();
    move(now);
    bool cycle = false;
    for (size_t number = 0; number < clocks.size(); ++number) {
        ClockTimes& clock = clocks[number];
        uint8_t* const member = alpine_clock_member(this, int(number));
        if (clock.active == now) {
            *member = clock.active_level;
            clock.active += clock.period;
        } else if (clock.idle == now) {
            *member = !clock.active_level;
            clock.idle += clock.period;
            cycle |= number == 0;
        }
    }
    evaluate();
    return cycle;
}
