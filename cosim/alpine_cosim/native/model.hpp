// One verilated model with its clock: stepping, waiting for a port, tracing.
//
// Included by a generated wrapper that has defined
//   ALPINE_MODEL                the model class
//   ALPINE_CLOCK                its clock member
//   ALPINE_TRACER               the trace writer class, when the model was built with tracing
// and that defines port_address() afterwards.

#pragma once

#include <cstdint>
#include <memory>

#include "verilated.h"

namespace alpine {

constexpr uint64_t kHalfPeriodPs = 500;  // waveforms show the default tile clock of 1 GHz

struct Model {
    VerilatedContext context;
    ALPINE_MODEL top{&context};
    uint64_t cycles = 0;
#ifdef ALPINE_TRACER
    std::unique_ptr<ALPINE_TRACER> tracer;
    bool tracing = false;
#endif

    Model() {
#ifdef ALPINE_TRACER
        context.traceEverOn(true);
#endif
        top.ALPINE_CLOCK = 0;
        top.eval();
    }

    ~Model() {
        trace_close();
        top.final();
        // Scopes take themselves off the thread's context, which is the last one that was made.
        Verilated::threadContextp(&context);
    }

    // One clock cycle: the rising edge with the inputs as they are, then the falling edge. Outputs
    // read afterwards are those of the new state.
    void step() {
        top.ALPINE_CLOCK = 1;
        top.eval();
        dump();
        top.ALPINE_CLOCK = 0;
        top.eval();
        ++cycles;
        dump();
    }

    bool trace_open(const char* path) {
#ifdef ALPINE_TRACER
        trace_close();
        tracer = std::make_unique<ALPINE_TRACER>();
        top.trace(tracer.get(), 99);
        tracer->open(path);
        tracing = tracer->isOpen();
        dump();
        return tracing;
#else
        (void)path;
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

    // Called at quiet times too, so that a waveform of a skipped stretch keeps its place in time.
    void advance(uint64_t skipped_cycles) { cycles += skipped_cycles; }

    // Shows in a waveform what changed since the falling edge.
    void show() { dump(kHalfPeriodPs / 2); }

private:
    void dump(uint64_t later_ps = 0) {
#ifdef ALPINE_TRACER
        if (tracing)
            tracer->dump((2 * cycles + (top.ALPINE_CLOCK ? 1 : 0)) * kHalfPeriodPs + later_ps);
#else
        (void)later_ps;
#endif
    }
};

}  // namespace alpine

extern "C" {
// Takes the place of VlDeleter::deleteAll where the linker is told so; see compile.py.
void __wrap__ZN9VlDeleter9deleteAllEv(void*) {}

void* alpine_port_address(alpine::Model* model, int port);

alpine::Model* alpine_create() { return new alpine::Model; }
void alpine_destroy(alpine::Model* model) { delete model; }
void alpine_eval(alpine::Model* model) { model->top.eval(); }
uint64_t alpine_cycles(alpine::Model* model) { return model->cycles; }
int alpine_trace_open(alpine::Model* model, const char* path) { return model->trace_open(path); }
void alpine_trace_close(alpine::Model* model) { model->trace_close(); }

void alpine_step(alpine::Model* model, uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) model->step();
}

// Steps until the bytes of a port equal `value`; returns the cycles stepped, or -1 after
// `max_cycles` without a match.
int64_t alpine_step_until(alpine::Model* model, const void* port, int bytes, uint64_t value,
                          uint64_t max_cycles) {
    for (uint64_t stepped = 0;; ++stepped) {
        uint64_t now = 0;
        __builtin_memcpy(&now, port, bytes);
        if (now == value) return int64_t(stepped);
        if (stepped == max_cycles) return -1;
        model->step();
    }
}
}
