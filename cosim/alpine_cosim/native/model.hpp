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
#include <utility>
#include <vector>

#include "runtime.hpp"
#include "verilated.h"
#include "verilated_sym_props.h"
#ifdef ALPINE_SAVABLE
#include "verilated_save.h"
#endif

namespace alpine {

// What a call did; alpine_cosim.verilated.library names the same numbers.
enum class Status : int {
    kDone = 0,
    kSlice = 1,     // time to let Python look at its signals; call again
    kFinished = 2,  // the design finished during the call
    kStopped = 3,   // the design stopped; alpine_reason() tells why
    kBusy = 4,      // another thread is in the model
    kBroken = 5,    // the design cannot go on; alpine_reason() tells why
    kEnded = 6,     // it had finished before the call
    kAbsent = 7,    // the value did not appear
};

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

namespace alpine {

// The model at work in this thread, for as long as a call lasts.
class Entry {
public:
    explicit Entry(Model* model) : model_(model) {
        current_events = &model->events;
        Verilated::threadContextp(&model->context);
    }
    ~Entry() {
        if (model_->events.printed) {
            std::fflush(stdout);
            model_->events.printed = false;
        }
        model_->busy.store(false, std::memory_order_release);
    }

private:
    Model* model_;
};

// Does `work` in a model, which returns a status, and tells how it ended. Whatever the design does,
// nothing is thrown out of it.
template <class Work>
Status enter(Model* model, Work work) {
    if (model->broken) return Status::kBroken;
    if (model->busy.exchange(true, std::memory_order_acquire)) return Status::kBusy;
    Entry entry(model);
    Events& events = model->events;
    events.stopped = false;
    events.message.clear();
#ifdef ALPINE_TIMING
    std::jmp_buf here;
    current_return = &here;
    if (setjmp(here)) {
        current_return = nullptr;
        model->broken = true;
        return Status::kBroken;
    }
#endif
    Status status = Status::kDone;
    try {
        status = work();
    } catch (const Halted&) {
        status = events.stopped ? Status::kStopped : Status::kFinished;
    } catch (const Broken&) {
        status = Status::kBroken;
    } catch (const std::exception& error) {
        events.stop("", 0, error.what());
        status = Status::kBroken;
    }
#ifdef ALPINE_TIMING
    current_return = nullptr;
#endif
    if (status == Status::kDone && events.stopped) status = Status::kStopped;
    model->broken |= status == Status::kBroken;
    return status;
}

// As enter(), for what answers with a number that is not negative: the negative of the status when
// the design stopped meanwhile.
template <class Work>
int64_t answer(Model* model, Work work) {
    int64_t number = 0;
    const Status status = enter(model, [&] {
        number = int64_t(work());
        return Status::kDone;
    });
    return status == Status::kDone ? number : -int64_t(status);
}

// Work of many parts, at the latest until it is time to let Python look at its signals.
class Slices {
public:
    template <class Part>
    Status run(uint64_t count, Part part) {
        for (uint64_t done = 0, size = 1; done < count;) {
            for (const uint64_t end = count - done < size ? count : done + size; done < end; ++done)
                if (part()) return Status::kDone;
            const auto spent = std::chrono::steady_clock::now() - begin_;
            if (done < count && spent > kSlice) return Status::kSlice;
            if (spent < kSlice / 2) size *= 2;
        }
        return Status::kAbsent;
    }

private:
    static constexpr auto kSlice = std::chrono::milliseconds(50);
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Functions without arguments that step one model each, for so many models at a time.
using StepFunction = int (*)();
constexpr size_t kSingleSteps = 16;
int step_once(Model* model);

template <size_t count>
struct SingleSteps {
    static inline std::atomic<Model*> models[count];

    template <size_t number>
    static int step() {
        return step_once(models[number].load(std::memory_order_relaxed));
    }
    template <size_t... numbers>
    static StepFunction take(Model* model, std::index_sequence<numbers...>) {
        StepFunction taken = nullptr;
        const auto one = [&](std::atomic<Model*>& place, StepFunction function) {
            Model* free = nullptr;
            if (!taken && place.compare_exchange_strong(free, model)) taken = function;
        };
        (one(models[numbers], step<numbers>), ...);
        return taken;
    }
    static StepFunction of(Model* model) { return take(model, std::make_index_sequence<count>()); }
    static void release(Model* model) {
        for (auto& place : models) {
            Model* own = model;
            place.compare_exchange_strong(own, nullptr);
        }
    }
};

// A column of the rows that drive() takes or fills: where it is in a row, and its port.
struct Column {
    uint64_t offset, bytes;
    uint8_t* port;
};

#ifdef ALPINE_SAVABLE
struct StateWriter : VerilatedSerialize {
    explicit StateWriter(std::vector<uint8_t>& bytes) : bytes(bytes) {
        m_isOpen = true;
        header();
    }
    ~StateWriter() override { end(); }
    void end() {
        if (!m_isOpen) return;
        trailer();
        flush();
        m_isOpen = false;
    }
    void flush() override {
        bytes.insert(bytes.end(), m_bufp, m_cp);
        m_cp = m_bufp;
    }
    std::vector<uint8_t>& bytes;
};

struct StateReader : VerilatedDeserialize {
    StateReader(const uint8_t* data, size_t size) : data(data), left(size) {
        m_isOpen = true;
        m_endp = m_cp;
        fill();
        header();
    }
    ~StateReader() override { m_isOpen = false; }
    void fill() override {
        // What is left moves to the front, as the buffer is read from there.
        const size_t kept = size_t(m_endp - m_cp);
        std::memmove(m_bufp, m_cp, kept);
        m_cp = m_bufp;
        const size_t room = bufferSize() - kept, taken = left < room ? left : room;
        std::memcpy(m_bufp + kept, data, taken);
        m_endp = m_bufp + kept + taken;
        data += taken;
        left -= taken;
    }
    const uint8_t* data;
    size_t left;
};
#endif

}  // namespace alpine

inline int alpine::step_once(Model* model) {
    if (model->events.finished) return int(Status::kEnded);
    return int(enter(model, [&] {
        model->prepare();
        model->step();
        return Status::kDone;
    }));
}

extern "C" {
// Takes the place of VlDeleter::deleteAll where the linker is told so; see build.py.
void __wrap__ZN9VlDeleter9deleteAllEv(void*) {}

// A model whose clocks stand still; `arguments` are plus-arguments.
alpine::Model* alpine_create(int count, const char** arguments) {
    auto* model = new alpine::Model;
    model->context.commandArgs(count, arguments);
    model->context.randSeed(1);
    return model;
}
int alpine_precision(alpine::Model* model) { return model->context.timeprecision(); }
void alpine_add_clock(alpine::Model* model, uint64_t first, uint64_t period, int active_level) {
    model->clocks.push_back({first, first + period / 2, period, uint8_t(active_level)});
}
// Runs what the design does at its beginning.
int alpine_start(alpine::Model* model) {
    return int(alpine::enter(model, [&] {
        for (size_t number = 0; number < model->clocks.size(); ++number)
            *alpine_clock_member(model, int(number)) = !model->clocks[number].active_level;
        model->eval();
        return alpine::Status::kDone;
    }));
}

// Ends the simulation; the memory stays until alpine_destroy.
int alpine_end(alpine::Model* model) {
    return int(alpine::enter(model, [&] {
        model->trace_close();
        model->top.final();
        std::fflush(nullptr);  // the design's files; they are closed with its memory
        return alpine::Status::kDone;
    }));
}
void alpine_destroy(alpine::Model* model) {
    alpine::Events* const events = alpine::current_events;
    VerilatedContext* const before = Verilated::threadContextp();
    const bool current = before == &model->context;
    // Scopes take themselves off the thread's context.
    Verilated::threadContextp(&model->context);
    alpine::current_events = &model->events;
    alpine::SingleSteps<alpine::kSingleSteps>::release(model);
    delete model;
    alpine::current_events = current ? nullptr : events;
    Verilated::threadContextp(current ? nullptr : before);
}

int alpine_eval(alpine::Model* model) {
    return int(alpine::enter(model, [&] {
        model->settle();
        return alpine::Status::kDone;
    }));
}
uint64_t alpine_cycles(alpine::Model* model) { return model->cycles; }
uint64_t alpine_time(alpine::Model* model) { return model->context.time(); }
int alpine_finished(alpine::Model* model) { return model->events.finished; }
const char* alpine_reason(alpine::Model* model) { return model->events.reason.c_str(); }
const char* alpine_warnings(alpine::Model* model) { return model->events.warnings.c_str(); }

int alpine_trace_open(alpine::Model* model, const char* path, int depth, const char* scope) {
    return int(alpine::enter(model, [&] {
        return model->trace_open(path, depth, scope) ? alpine::Status::kDone
                                                     : alpine::Status::kAbsent;
    }));
}
// Returns the error number of the first write that failed, or 0.
int alpine_trace_close(alpine::Model* model) {
    alpine::enter(model, [&] {
        model->trace_close();
        return alpine::Status::kDone;
    });
#ifdef ALPINE_VCD
    return model->wave_file.failure;
#else
    return 0;
#endif
}

int alpine_step(alpine::Model* model, uint64_t count) {
    if (count == 1) return alpine::step_once(model);
    if (model->events.finished) return int(alpine::Status::kEnded);
    return int(alpine::enter(model, [&] {
        model->prepare();
        const auto status = alpine::Slices().run(count, [&] {
            model->step();
            return false;
        });
        return status == alpine::Status::kSlice ? status : alpine::Status::kDone;
    }));
}

// A function without arguments that steps this model by one cycle, or null when others have them
// all: a call without arguments takes ctypes a third of the time of one with two.
alpine::StepFunction alpine_step_function(alpine::Model* model) {
    return alpine::SingleSteps<alpine::kSingleSteps>::of(model);
}

int alpine_run(alpine::Model* model, uint64_t duration) {
    if (model->events.finished) return int(alpine::Status::kEnded);
    return int(alpine::enter(model, [&] {
        model->prepare();
        model->run(duration);
        if (model->events.stopped || model->events.finished) throw alpine::Halted{};
        return alpine::Status::kDone;
    }));
}

// Steps until the bytes of a port equal `value`: kDone, or kAbsent after `max_cycles`.
int alpine_step_until(alpine::Model* model, const uint8_t* port, int bytes, const uint8_t* value,
                      uint64_t max_cycles) {
    if (std::memcmp(port, value, bytes) == 0) return int(alpine::Status::kDone);
    if (model->events.finished) return int(alpine::Status::kEnded);
    return int(alpine::enter(model, [&] {
        model->settle();
        if (std::memcmp(port, value, bytes) == 0) return alpine::Status::kDone;
        return alpine::Slices().run(max_cycles, [&] {
            model->step();
            return std::memcmp(port, value, bytes) == 0;
        });
    }));
}

// One cycle per row: inputs set from it, outputs after the edge written to the row of `out`.
// Model::progress counts rows.
int alpine_drive(alpine::Model* model, uint64_t rows, const uint8_t* in, uint64_t in_stride,
                 const alpine::Column* inputs, int input_count, uint8_t* out, uint64_t out_stride,
                 const alpine::Column* outputs, int output_count) {
    model->progress = 0;
    if (model->events.finished) return int(alpine::Status::kEnded);
    return int(alpine::enter(model, [&] {
        const auto status = alpine::Slices().run(rows, [&] {
            for (const auto* each = inputs; each != inputs + input_count; ++each)
                std::memcpy(each->port, in + each->offset, each->bytes);
            model->prepare();
            const auto read = [&] {
                for (const auto* each = outputs; each != outputs + output_count; ++each)
                    std::memcpy(out + each->offset, each->port, each->bytes);
                in += in_stride;
                out += out_stride;
                ++model->progress;
            };
            try {
                model->step();
            } catch (const alpine::Halted&) {
                read();
                throw;
            }
            read();
            return false;
        });
        return status == alpine::Status::kSlice ? status : alpine::Status::kDone;
    }));
}
uint64_t alpine_progress(alpine::Model* model) { return model->progress; }

// Address and bytes of a signal that the model was built to expose, or null.
void* alpine_signal(alpine::Model* model, const char* scope, const char* name, uint64_t* bytes) {
    const VerilatedScope* const found = model->context.scopeFind(scope);
    const VerilatedVar* const variable = found ? found->varFind(name) : nullptr;
    if (!variable) return nullptr;
    *bytes = variable->totalSize();
    return variable->datap();
}

#ifdef ALPINE_SAVABLE
// Saves the state; returns its bytes, which alpine_saved() holds.
uint64_t alpine_save(alpine::Model* model) {
    alpine::enter(model, [&] {
        model->saved.clear();
        alpine::StateWriter writer(model->saved);
        writer << &model->context;
        writer << model->top;
        writer.write(&model->cycles, sizeof model->cycles);
        writer.write(&model->outside, sizeof model->outside);
        writer.write(model->clocks.data(), model->clocks.size() * sizeof(alpine::ClockTimes));
        return alpine::Status::kDone;
    });
    return model->saved.size();
}
const uint8_t* alpine_saved(alpine::Model* model) { return model->saved.data(); }
int alpine_restore(alpine::Model* model, const uint8_t* data, uint64_t size) {
    return int(alpine::enter(model, [&] {
        alpine::StateReader reader(data, size);
        reader >> &model->context;
        reader >> model->top;
        reader.read(&model->cycles, sizeof model->cycles);
        reader.read(&model->outside, sizeof model->outside);
        reader.read(model->clocks.data(), model->clocks.size() * sizeof(alpine::ClockTimes));
        model->events.finished = model->context.gotFinish();
        return alpine::Status::kDone;
    }));
}
#endif
}
