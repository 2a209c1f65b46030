// SPDX-License-Identifier: Apache-2.0
// The depthwise engine, cycle by cycle as alpine_rtl/cluster/depthwise_accelerator.py.

#pragma once

#include <algorithm>
#include <cstring>

#include "hwpe_control.hpp"

namespace alpine {

constexpr uint32_t kChannelsPerBlock = 16, kLanes = 4, kStoreSlot = 3, kWindowRows = 4;
enum class NestState : uint8_t { kIdle, kPrepare, kWeights, kWindow, kRows, kDrain };

inline uint32_t of(const ContextWords& context, DepthwiseRegister name) {
    return context[(uint32_t(name) - kContextOffset) / 4];
}

// A context as the loop nest sees it.
struct DepthwiseShape {
    explicit DepthwiseShape(const ContextWords& c)
        : channels(of(c, DepthwiseRegister::kChannels)),
          height(of(c, DepthwiseRegister::kHeight)),
          width(of(c, DepthwiseRegister::kWidth)) {
        const uint32_t mode = of(c, DepthwiseRegister::kMode);
        const uint32_t activation = of(c, DepthwiseRegister::kActivation);
        const uint32_t given = of(c, DepthwiseRegister::kPitch);
        stride = mode & 3;
        top = mode >> 4 & 1, bottom = mode >> 5 & 1, left = mode >> 6 & 1, right = mode >> 7 & 1;
        shift = activation & 31;
        relu = activation >> 8 & 1;
        pitch = given ? given : channels;
        rows = outputs(height, top, bottom);
        columns = outputs(width, left, right);
    }

    ClusterError refusal() const {
        bool wrong = stride != 1 && stride != 2;
        wrong |= height == 0 || height >> 16 || height + top + bottom < 3;
        wrong |= width == 0 || width >> 16 || width + left + right < 3;
        if (wrong) return ClusterError::kSize;
        const bool whole = channels && channels % kChannelsPerBlock == 0;
        return whole ? ClusterError::kNone : ClusterError::kChannels;
    }

    uint32_t channels, height, width, stride, top, bottom, left, right, shift, relu, pitch, rows,
        columns;

  private:
    uint32_t outputs(uint32_t size, uint32_t before, uint32_t after) const {
        return (size + before + after - 3) / (stride == 2 ? 2 : 1) + 1;
    }
};

// Weights, a window of pixels, 36 multipliers (alpine_rtl/cluster/depthwise_array.py).
class DepthwiseArray {
  public:
    uint8_t output[kChannelsPerBlock] = {};

    void multiply(uint32_t group, const DepthwiseShape& shape) {
        for (uint32_t lane = 0; lane < kLanes; ++lane) {
            const uint32_t channel = group * kLanes + lane;
            int32_t sum = 0;
            for (int row = 0; row < 3; ++row)
                for (int column = 0; column < 3; ++column)
                    sum += int32_t(weights_[row][column][channel]) * window_[row][column][channel];
            gathered_[channel] =
                int8_t(std::clamp(sum >> shape.shift, shape.relu ? 0 : -128, 127));
        }
        if (group == kLanes - 1) std::memcpy(output, gathered_, sizeof output);
    }
    void move(bool by_two) {
        for (uint32_t row = 0; row < 3; ++row)
            std::memcpy(window_[row], window_[std::min(row + (by_two ? 2 : 1), kWindowRows - 1)],
                        sizeof window_[row]);
    }
    int8_t* place(bool of_weights, uint32_t row, uint32_t column) {
        return of_weights ? weights_[row][column] : window_[row][column];
    }

  private:
    int8_t weights_[3][3][kChannelsPerBlock] = {}, window_[kWindowRows][3][kChannelsPerBlock] = {};
    int8_t gathered_[kChannelsPerBlock] = {};
};

// Which pixel is loaded or stored in which slot (alpine_rtl/cluster/depthwise_nest.py).
class DepthwiseNest {
  public:
    NestState state = NestState::kIdle;
    uint32_t row = 0, column = 0, load_address = 0, store_address = 0;

    bool works() const { return state >= NestState::kWeights; }
    bool to_weights() const { return state == NestState::kWeights; }
    bool load(const DepthwiseShape& s) const { return to_weights() || (loads(s) && inside(s)); }
    bool pad(const DepthwiseShape& s) const { return loads(s) && !inside(s); }
    bool store(bool has_output) const {
        return has_output && ((state == NestState::kRows && slot_ == kStoreSlot) ||
                              (state == NestState::kDrain && slot_ == 1));
    }
    bool first_of_row() const { return state == NestState::kRows && slot_ == 0; }

    void begin(const ContextWords& c, const DepthwiseShape& s) {
        state = NestState::kPrepare;
        bits_left_ = 16;
        source_ = of(c, DepthwiseRegister::kSource);
        destination_ = of(c, DepthwiseRegister::kDestination);
        weights_ = of(c, DepthwiseRegister::kWeights);
        row_bytes_ = s.width * s.pitch;
        out_row_bytes_ = s.columns * s.pitch;
    }
    // Both widths are multiplied by the pitch, a bit per cycle.
    void prepare(const DepthwiseShape& s) {
        if (bits_left_) {
            bits_left_ -= 1;
            return;
        }
        source_ -= (s.left ? s.pitch : 0) + (s.top ? row_bytes_ : 0);
        channels_left_ = s.channels;
        load_address = weights_;
        state = NestState::kWeights;
        row = column = 0;
    }
    // A slot ends; returns whether the context does.
    bool step(const DepthwiseShape& s, bool stored) {
        const bool nine = row == 2 && column == 2;
        if (stored) next_store(s);
        switch (state) {
            case NestState::kWeights:
                load_address += s.channels;
                next_of_nine();
                if (nine) begin_block();
                return false;
            case NestState::kWindow: {
                const uint32_t next = column == 2 ? row + 1 : row;
                next_pixel(s);
                row = next;
                if (nine) {
                    state = NestState::kRows;
                    slot_ = y_ = 0;
                    row = 3;
                }
                return false;
            }
            case NestState::kRows: {
                const bool last = slot_ == (s.stride == 2 ? 2 * kStoreSlot : kStoreSlot);
                if (slot_ != kStoreSlot) next_pixel(s);
                else row = 2;
                slot_ += 1;
                if (last) end_row(s);
                return false;
            }
            default: {
                const bool second = slot_ == 1;
                slot_ = 1;
                return second && end_block();
            }
        }
    }

  private:
    bool loads(const DepthwiseShape& s) const {
        return state == NestState::kWindow ||
               (state == NestState::kRows && slot_ != kStoreSlot && y_ != s.rows - 1);
    }
    bool inside(const DepthwiseShape& s) const {
        const uint32_t across = left_edge_ + column;
        return line_ >= s.top && line_ < s.height + s.top && across >= s.left &&
               across < s.width + s.left;
    }
    void next_of_nine() {
        if (column == 2) column = 0, row += 1;
        else column += 1;
    }
    void next_pixel(const DepthwiseShape& s) {
        if (column == 2) {
            column = 0;
            line_ += 1;
            row_start_ += row_bytes_;
            load_address = row_start_;
        } else {
            column += 1;
            load_address += s.pitch;
        }
    }
    void begin_block() {
        x_ = left_edge_ = stored_ = 0;
        out_column_ = store_address = destination_;
        begin_column(source_);
    }
    void begin_column(uint32_t address) {
        state = NestState::kWindow;
        row = column = line_ = 0;
        column_start_ = row_start_ = load_address = address;
    }
    void end_row(const DepthwiseShape& s) {
        slot_ = 0;
        row = 3;
        const bool last = y_ == s.rows - 1;
        y_ += 1;
        if (!last) return;
        const bool last_column = x_ == s.columns - 1;
        x_ += 1;
        left_edge_ += s.stride;
        begin_column(column_start_ + (s.stride == 2 ? s.pitch << 1 : s.pitch));
        if (last_column) state = NestState::kDrain;
    }
    void next_store(const DepthwiseShape& s) {
        if (stored_ == s.rows - 1) {
            stored_ = 0;
            out_column_ += s.pitch;
            store_address = out_column_;
        } else {
            stored_ += 1;
            store_address += out_row_bytes_;
        }
    }
    bool end_block() {
        const bool last = channels_left_ == kChannelsPerBlock;
        source_ += kChannelsPerBlock;
        destination_ += kChannelsPerBlock;
        weights_ += kChannelsPerBlock;
        channels_left_ -= kChannelsPerBlock;
        load_address = weights_;
        state = last ? NestState::kIdle : NestState::kWeights;
        slot_ = row = column = 0;
        return last;
    }

    uint32_t bits_left_ = 0, source_ = 0, destination_ = 0, weights_ = 0, channels_left_ = 0;
    uint32_t row_bytes_ = 0, out_row_bytes_ = 0, slot_ = 0, line_ = 0, x_ = 0, y_ = 0;
    uint32_t left_edge_ = 0, stored_ = 0, row_start_ = 0, column_start_ = 0, out_column_ = 0;
};

class DepthwiseModel {
  public:
    DepthwiseModel(uint32_t geometry_word, uint32_t port_bytes, uint32_t memory_ports)
        : control(kDepthwiseId, geometry_word, kDepthwiseContextMasks, kDepthwiseContextWords),
          memory(memory_ports), beat_bytes_(std::min(port_bytes, kChannelsPerBlock)) {}

    HwpeControl control;
    MemoryAccess memory;

    void beats(Beat (&found)[2]) const {
        found[0] = {nest_.load(shape_), false, nest_.load_address + beat_ * beat_bytes_,
                    beat_bytes_};
        found[1] = {nest_.store(has_output_), false, nest_.store_address + beat_ * beat_bytes_,
                    beat_bytes_};
    }
    const uint8_t* output() const { return array_.output + beat_ * beat_bytes_; }

    void step(const ConfigurationAccess& in, const MemoryAnswer* answers, const bool (&taken)[2],
              EngineCycle& cycle) {
        const bool begins = control.may_begin() && nest_.state == NestState::kIdle;
        const ContextWords& context = control.context(control.candidate());
        const DepthwiseShape next(context);
        const ClusterError check = control.checks() ? next.refusal() : ClusterError::kNone;
        move(answers[0], taken, cycle);
        if (begins) {
            shape_ = next;
            nest_.begin(context, next);
        }
        const bool flushes = control.flushes(in, cycle);
        control.step(in, cycle, begins, check);
        if (flushes) flush();
    }

  private:
    void move(const MemoryAnswer& answer, const bool (&taken)[2], EngineCycle& cycle) {
        const bool load = nest_.load(shape_), pad = nest_.pad(shape_);
        const bool store = nest_.store(has_output_);
        const bool passes = nest_.works() && (load ? taken[0] : store ? taken[1] : true);
        const bool last_beat = beat_ == kChannelsPerBlock / beat_bytes_ - 1;
        const bool steps = passes && last_beat, first_of_row = nest_.first_of_row();
        const bool multiplies = multiplies_ && passes && beat_ == 0;
        const bool completes = multiplies && group_ == kLanes - 1;
        if (multiplies) array_.multiply(group_, shape_);
        if (completes) array_.move(shape_.stride == 2);
        if (coming_ && (zeros_ || answer.valid)) {
            int8_t* place = array_.place(to_weights_, row_, column_) + coming_beat_ * beat_bytes_;
            if (zeros_) std::memset(place, 0, beat_bytes_);
            else std::memcpy(place, answer.data, beat_bytes_);
        }
        group_ = (group_ + multiplies) % kLanes;
        if (completes) multiplies_ = false;
        if (steps && first_of_row) multiplies_ = true;
        coming_ = passes && (load || pad);
        zeros_ = pad;
        to_weights_ = nest_.to_weights();
        row_ = nest_.row, column_ = nest_.column, coming_beat_ = beat_;
        if (passes) beat_ = last_beat ? 0 : beat_ + 1;
        cycle.product = steps && store;
        if (cycle.product) has_output_ = false;
        if (completes) has_output_ = true;
        if (nest_.state == NestState::kPrepare) nest_.prepare(shape_);
        else if (steps) cycle.ended = nest_.step(shape_, store);
    }

    void flush() {
        nest_ = {};
        array_ = {};
        memory.flush();
        multiplies_ = coming_ = zeros_ = to_weights_ = has_output_ = false;
        group_ = beat_ = row_ = column_ = coming_beat_ = 0;
    }

    const uint32_t beat_bytes_;
    const ContextWords nothing_ = {};
    DepthwiseShape shape_{nothing_};
    DepthwiseNest nest_;
    DepthwiseArray array_;
    bool multiplies_ = false, coming_ = false, zeros_ = false, to_weights_ = false,
         has_output_ = false;
    uint32_t group_ = 0, beat_ = 0, row_ = 0, column_ = 0, coming_beat_ = 0;
};

}  // namespace alpine
