// SPDX-License-Identifier: Apache-2.0
// The in-memory accelerator, cycle by cycle as alpine_rtl/cluster/ima_accelerator.py.

#pragma once

#include <cstring>
#include <vector>

#include "analog_macro.hpp"
#include "hwpe_control.hpp"

namespace alpine {

// What the accelerators were built with; `AcceleratorGeometry` of accelerator_pins.py.
struct AcceleratorGeometry {
    uint32_t rows, columns, crossbars, port_bytes, memory_ports, pipelined;
    int32_t least_weight, greatest_weight;
    uint32_t word;  // of the register `geometry`
};

constexpr uint32_t kLeastProductCycles = 4, kMostProductCycles = 0xffff;
constexpr uint32_t kFixedProductCycles = 3;  // loading the DACs, pre-charge, digitisation
enum class MvmPhase : uint8_t { kIdle, kPrecharge, kIntegrate, kDigitise };

// Names of a context's words.
inline uint32_t of(const ContextWords& context, ImaRegister name) {
    return context[(uint32_t(name) - kContextOffset) / 4];
}

// Four nested loops of addresses (alpine_rtl/cluster/addresses.py).
struct LoopNest {
    uint32_t base, run_bytes, length[3], stride[3];
};

class AddressGenerator {
  public:
    uint32_t address = 0;
    void load(const LoopNest& nest) {
        nest_ = nest;
        address = nest.base;
        bytes_left_ = nest.run_bytes;
        for (int level = 0; level < 3; ++level) {
            left_[level] = nest.length[level];
            starts_[level] = nest.base;
        }
    }
    bool last_of_run(uint32_t port) const { return bytes_left_ <= port; }
    uint32_t count(uint32_t port) const { return last_of_run(port) ? bytes_left_ : port; }
    bool last_of_vector(uint32_t port) const { return last_of_run(port) && left_[0] == 1; }
    bool last(uint32_t port) const {
        return last_of_vector(port) && left_[1] == 1 && left_[2] == 1;
    }
    void advance(uint32_t port) {
        if (!last_of_run(port)) {
            address += port;
            bytes_left_ -= port;
            return;
        }
        for (int level = 0; level < 3; ++level) {
            if (left_[level] == 1) continue;
            address = starts_[level] + nest_.stride[level];
            bytes_left_ = nest_.run_bytes;
            left_[level] -= 1;
            for (int k = 0; k <= level; ++k) starts_[k] = address;
            for (int k = 0; k < level; ++k) left_[k] = nest_.length[k];
            return;
        }
    }

  private:
    LoopNest nest_{};
    uint32_t bytes_left_ = 0, left_[3] = {}, starts_[3] = {};
};

struct VectorBeat {
    uint32_t count = 0, context = 0;
    bool last = false;
    uint8_t data[kMostPortBytes] = {};
};

// Reads vectors two beats ahead of whoever takes them (alpine_rtl/cluster/source.py).
class StreamSource {
  public:
    explicit StreamSource(uint32_t port) : port_(port) {}

    bool loaded() const { return loaded_; }
    Beat beat(bool hold) const {
        const bool room = level_ + asked_ < 2;
        return {loaded_ && room && (begun_ || !hold), generator_.last_of_vector(port_),
                generator_.address, generator_.count(port_)};
    }

    // The edge; returns the beat that leaves, or null.
    const VectorBeat* step(bool taken, const MemoryAnswer& memory, bool ready) {
        const bool arrived = asked_ && memory.valid;
        if (arrived) std::memcpy(arriving_.data, memory.data, port_);
        const bool holds = level_ != 0, leaves = (holds || arrived) && ready;
        const bool stays = arrived && (holds || !leaves);
        if (leaves) left_ = holds ? queue_[0] : arriving_;
        if (leaves && holds) queue_[0] = queue_[1];
        if (stays) queue_[level_ == uint32_t(leaves) ? 0 : 1] = arriving_;
        level_ += stays - (leaves && holds);
        asked_ = taken;
        if (taken) {
            arriving_.count = generator_.count(port_);
            arriving_.last = generator_.last_of_vector(port_);
            arriving_.context = context_;
            begun_ = !arriving_.last;
            if (generator_.last(port_)) loaded_ = false;
            generator_.advance(port_);
        }
        return leaves ? &left_ : nullptr;
    }
    void load(const LoopNest& nest, uint32_t context) {
        generator_.load(nest);
        loaded_ = true;
        context_ = context;
    }

  private:
    uint32_t port_;
    AddressGenerator generator_;
    VectorBeat queue_[2], arriving_, left_;
    uint32_t level_ = 0, context_ = 0;
    bool loaded_ = false, begun_ = false, asked_ = false;
};

// Writes vectors, each as one run (alpine_rtl/cluster/sink.py).
class StreamSink {
  public:
    explicit StreamSink(uint32_t port) : port_(port) {}

    bool loaded() const { return loaded_; }
    uint32_t index() const { return index_; }
    Beat beat(bool full) const {
        return {loaded_ && full, generator_.last_of_vector(port_), generator_.address,
                generator_.count(port_)};
    }
    // The edge, whose beat was taken or not.
    void step(bool taken, bool& leaves, bool& ends) {
        leaves = taken && generator_.last_of_vector(port_);
        ends = taken && generator_.last(port_);
        if (!taken) return;
        index_ = leaves ? first_ : index_ + port_;
        if (ends) loaded_ = false;
        generator_.advance(port_);
    }
    void load(const LoopNest& nest, uint32_t first) {
        generator_.load(nest);
        loaded_ = true;
        first_ = index_ = first;
    }

  private:
    uint32_t port_;
    AddressGenerator generator_;
    uint32_t first_ = 0, index_ = 0;
    bool loaded_ = false;
};

// Registers of the accelerator that are no context's, and its cells.
class ImaControl : public HwpeControl {
  public:
    ImaControl(const AcceleratorGeometry& geometry, const AnalogMacro* macros)
        : HwpeControl(kImaId, geometry.word, kImaContextMasks, kImaContextWords),
          geometry_(geometry), macros_(macros) {}

    uint32_t product_cycles = kResetProductCycles;
    uint32_t cell_crossbar() const { return cell_[2]; }

  protected:
    bool serve_own(const ConfigurationAccess& in, bool is_busy, Served& found) override {
        uint32_t* word = nullptr;
        switch (ImaRegister(in.address)) {
            case ImaRegister::kProductCycles: word = &product_cycles; break;
            case ImaRegister::kCellRow: word = &cell_[0]; break;
            case ImaRegister::kCellColumn: word = &cell_[1]; break;
            case ImaRegister::kCellCrossbar: word = &cell_[2]; break;
            case ImaRegister::kCellWeight: {
                const int32_t weight = int32_t(in.data);
                if (is_busy) found.wrong = ClusterError::kBusy;
                else if (cell_[0] >= geometry_.rows || cell_[1] >= geometry_.columns ||
                         cell_[2] >= geometry_.crossbars)
                    found.wrong = ClusterError::kWindow;
                else if (in.write && (weight < geometry_.least_weight ||
                                      weight > geometry_.greatest_weight))
                    found.wrong = ClusterError::kWeight;
                else
                    found.slow = true;
                return true;
            }
            default: return false;
        }
        found.data = *word;
        if (in.write) *word = in.data;
        return true;
    }

    uint32_t slow(bool writes, uint32_t word) override {
        const AnalogMacro& macro = macros_[cell_[2]];
        if (!writes) return uint32_t(int32_t(macro.read(macro.context, cell_[0], cell_[1])));
        macro.program(macro.context, cell_[0], cell_[1], int8_t(word));
        return 0;
    }

  private:
    const AcceleratorGeometry& geometry_;
    const AnalogMacro* const macros_;
    uint32_t cell_[3] = {};
};

class ImaModel {
  public:
    ImaModel(const AcceleratorGeometry& geometry, const AnalogMacro* macros)
        : control(geometry, macros), geometry_(geometry), macros_(macros),
          memory(geometry.memory_ports), source_(geometry.port_bytes), sink_(geometry.port_bytes),
          inputs_(geometry.rows + kMostPortBytes), dac_(geometry.rows), adc_(geometry.columns),
          outputs_(geometry.columns + kMostPortBytes) {}

    ImaControl control;

    // The beats that are wanted in this cycle.
    void beats(Beat (&found)[2]) const {
        found[0] = source_.beat(!geometry_.pipelined && under_way_);
        found[1] = sink_.beat(full_);
    }
    const uint8_t* output() const {
        return reinterpret_cast<const uint8_t*>(&outputs_[sink_.index()]);
    }
    void show_boundary(AcceleratorOutputs& out) const {
        out.start = start_;
        out.phase = uint32_t(phase_);
        out.select = select_;
    }

    // The edge of everything but the port, whose grants are told.
    void step(const ConfigurationAccess& in, const MemoryAnswer* answers, const bool (&taken)[2],
              EngineCycle& cycle) {
        const uint32_t number = control.candidate();
        const bool begins = control.may_begin() && !source_.loaded();
        const ContextWords& context = control.context(number);
        const ClusterError check = control.checks() ? refusal(context) : ClusterError::kNone;
        const LoopNest nest = begins ? source_loops(context) : LoopNest{};
        move(answers[0], taken, cycle);
        if (begins) begin(nest, number);
        if (control.checks()) checked_cycles_ = control.product_cycles;
        const bool flushes = control.flushes(in, cycle);
        control.step(in, cycle, begins, check);
        if (flushes) flush();
    }

  private:
    static LoopNest source_loops(const ContextWords& c) {
        return {of(c, ImaRegister::kSource), of(c, ImaRegister::kRunBytes) & 0xffff,
                {of(c, ImaRegister::kRuns), of(c, ImaRegister::kJobsX), of(c, ImaRegister::kJobsY)},
                {of(c, ImaRegister::kRunStride), of(c, ImaRegister::kSourceStrideX),
                 of(c, ImaRegister::kSourceStrideY)}};
    }
    static LoopNest destination_loops(const ContextWords& c) {
        return {of(c, ImaRegister::kDestination), of(c, ImaRegister::kColumns) & 0xffff,
                {1, of(c, ImaRegister::kJobsX), of(c, ImaRegister::kJobsY)},
                {0, of(c, ImaRegister::kDestinationStrideX),
                 of(c, ImaRegister::kDestinationStrideY)}};
    }

    ClusterError refusal(const ContextWords& c) const {
        const uint64_t rows = of(c, ImaRegister::kRows), columns = of(c, ImaRegister::kColumns);
        if (of(c, ImaRegister::kCrossbar) >= geometry_.crossbars ||
            of(c, ImaRegister::kRow) + rows > geometry_.rows ||
            of(c, ImaRegister::kColumn) + columns > geometry_.columns)
            return ClusterError::kWindow;
        const uint64_t bytes = of(c, ImaRegister::kRunBytes), runs = of(c, ImaRegister::kRuns);
        if (!rows || !columns || !bytes || !runs || !of(c, ImaRegister::kJobsX) ||
            !of(c, ImaRegister::kJobsY) || control.product_cycles < kLeastProductCycles ||
            control.product_cycles > kMostProductCycles)
            return ClusterError::kSize;
        if (runs > geometry_.rows || bytes > geometry_.rows || runs * bytes != rows)
            return ClusterError::kRows;
        return ClusterError::kNone;
    }

    // Streams in and out, and the product between them.
    void move(const MemoryAnswer& answer, const bool (&taken)[2], EngineCycle& cycle) {
        const bool sample = phase_ == MvmPhase::kDigitise && left_ == 1;
        const bool launch = complete_ && phase_ == MvmPhase::kIdle && !waits_;
        if (sample) multiply();
        const bool was_full = full_, sink_loads = follows_ && !sink_.loaded();
        bool leaves = false;
        sink_.step(taken[1], leaves, cycle.ended);
        cycle.product = sample;
        if (leaves) full_ = false;
        if (!was_full && (waits_ || sample)) {
            std::memcpy(outputs_.data(), adc_.data(), geometry_.columns);
            full_ = true;
        }
        waits_ = (waits_ || sample) && was_full;
        if (sink_loads) {
            const ContextWords& context = control.context(following_);
            sink_.load(destination_loops(context), of(context, ImaRegister::kColumn));
            follows_ = false;
        }
        sequence(launch);
        const VectorBeat* beat = source_.step(taken[0], answer, !complete_);
        if (launch) {
            std::memcpy(dac_.data(), inputs_.data(), geometry_.rows);
            std::memset(inputs_.data(), 0, geometry_.rows);
            select_ = of(control.context(context_), ImaRegister::kCrossbar);
            complete_ = false;
        }
        if (beat) take(*beat);
        if (left_last_) under_way_ = false;
        if (taken[0]) under_way_ = true;
        left_last_ = leaves;
    }

    void take(const VectorBeat& beat) {
        const uint32_t start =
            middle_ ? next_row_ : of(control.context(beat.context), ImaRegister::kRow);
        std::memcpy(&inputs_[start], beat.data, beat.count);
        middle_ = !beat.last;
        next_row_ = start + beat.count;
        complete_ = beat.last;
        context_ = beat.context;
    }

    void sequence(bool launch) {
        start_ = launch;
        if (launch) {
            phase_ = MvmPhase::kPrecharge;
            left_ = 1;
            integrate_ = lengths_[context_] - kFixedProductCycles;
        } else if (phase_ != MvmPhase::kIdle) {
            if (left_ != 1) {
                left_ -= 1;
            } else if (phase_ == MvmPhase::kPrecharge) {
                phase_ = MvmPhase::kIntegrate;
                left_ = integrate_;
            } else {
                const bool integrated = phase_ == MvmPhase::kIntegrate;
                phase_ = integrated ? MvmPhase::kDigitise : MvmPhase::kIdle;
                left_ = integrated;
            }
        }
    }

    void multiply() {
        const AnalogMacro& macro = macros_[select_];
        macro.multiply(macro.context, dac_.data(), adc_.data());
        std::memset(dac_.data(), 0, dac_.size());
    }

    void begin(const LoopNest& nest, uint32_t number) {
        source_.load(nest, number);
        lengths_[number] = checked_cycles_;
        follows_ = true;
        following_ = number;
    }

    void flush() {
        source_ = StreamSource(geometry_.port_bytes);
        sink_ = StreamSink(geometry_.port_bytes);
        memory.flush();
        std::memset(inputs_.data(), 0, inputs_.size());
        phase_ = MvmPhase::kIdle;
        start_ = complete_ = middle_ = waits_ = full_ = follows_ = under_way_ = left_last_ = false;
        left_ = select_ = context_ = next_row_ = following_ = 0;
    }

    const AcceleratorGeometry& geometry_;
    const AnalogMacro* const macros_;

  public:
    MemoryAccess memory;

  private:
    StreamSource source_;
    StreamSink sink_;
    std::vector<int8_t> inputs_, dac_, adc_, outputs_;
    MvmPhase phase_ = MvmPhase::kIdle;
    bool start_ = false, complete_ = false, middle_ = false, waits_ = false, full_ = false,
         follows_ = false, under_way_ = false, left_last_ = false;
    uint32_t left_ = 0, integrate_ = 0, select_ = 0, context_ = 0, next_row_ = 0, following_ = 0;
    uint32_t lengths_[kContexts] = {}, checked_cycles_ = 0;
};

}  // namespace alpine
