// SPDX-License-Identifier: Apache-2.0
// The C interface of a model, through which Python calls it: whatever the design does, a call
// returns, and its status tells what happened.

#pragma once

#include <chrono>
#include <utility>

#include "constants.hpp"
#include "model.hpp"
#ifdef ALPINE_SAVABLE
#include "verilated_save.h"
#endif

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
        if (!model->trace_open(path, depth, scope)) return alpine::Status::kAbsent;
        if (model->trace_has_signals()) return alpine::Status::kDone;
        model->trace_close();
        return alpine::Status::kEmpty;
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
