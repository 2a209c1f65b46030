// SPDX-License-Identifier: Apache-2.0
// The DMA: rectangles of bytes between the TCDM and L2. The rule is that of
// alpine_platform/cluster/dma_kernel.py, with which a test compares it.

#pragma once

#include <cstring>
#include <vector>

#include "accelerator_registers.hpp"
#include "memory.hpp"

namespace alpine::riscv {

// Sizes and times of the DMA; set from `ClusterConfig` in Python.
struct DmaConfiguration {
    uint32_t start_cycles, width_bytes, memory_width_bytes, queued;
    uint64_t period_fs, memory_period_fs;
};

struct DmaTransfer {
    uint32_t source = 0, destination = 0, row_bytes = 0, rows = 0;
    int32_t source_stride = 0, destination_stride = 0;
    bool from_tcdm = false;
    uint64_t cycle = 0;
};

class ClusterDma {
  public:
    ClusterDma(const DmaConfiguration& configuration)
        : config_(configuration), queue_(configuration.queued) {}

    // Where the two sides of a transfer lie.
    void join(Region& tcdm, Region& l2) { tcdm_ = &tcdm, l2_ = &l2; }

    bool active() const { return waiting_ != 0; }
    const DmaTransfer& described() const { return described_; }
    bool full() const { return waiting_ == queue_.size(); }

    // What is asked of the TCDM in this cycle.
    bool wants = false;
    uint32_t address = 0, bytes = 0;

    uint32_t read(uint32_t offset) const {
        const DmaTransfer& d = described_;
        switch (DmaRegister(offset)) {
            case DmaRegister::kSource: return d.source;
            case DmaRegister::kDestination: return d.destination;
            case DmaRegister::kRowBytes: return d.row_bytes;
            case DmaRegister::kRows: return d.rows;
            case DmaRegister::kSourceStride: return uint32_t(d.source_stride);
            case DmaRegister::kDestinationStride: return uint32_t(d.destination_stride);
            case DmaRegister::kWaiting: return waiting_;
            case DmaRegister::kTransfers: return transfers_;
            case DmaRegister::kBytes: return bytes_moved_;
            case DmaRegister::kBusyCycles: return busy_cycles_;
            case DmaRegister::kStalledCycles: return stalled_cycles_;
            case DmaRegister::kRefused: return refused_;
            default: return 0;
        }
    }

    // False where a transfer is refused.
    bool write(uint32_t offset, uint32_t word, uint64_t cycle) {
        DmaTransfer& d = described_;
        switch (DmaRegister(offset)) {
            case DmaRegister::kSource: d.source = word; break;
            case DmaRegister::kDestination: d.destination = word; break;
            case DmaRegister::kRowBytes: d.row_bytes = word; break;
            case DmaRegister::kRows: d.rows = word; break;
            case DmaRegister::kSourceStride: d.source_stride = int32_t(word); break;
            case DmaRegister::kDestinationStride: d.destination_stride = int32_t(word); break;
            case DmaRegister::kStart: return start(cycle);
            default: break;
        }
        return true;
    }

    // Shows the request of a cycle, if there is one.
    void show(uint64_t cycle) {
        wants = false;
        if (waiting_ == 0) return;
        const DmaTransfer& t = queue_[head_];
        if (cycle < t.cycle) return;
        busy_cycles_ += 1;
        if (started_ < config_.start_cycles) {
            started_ += 1;
            return;
        }
        if (cycle * config_.period_fs < free_fs_) return;
        const uint32_t width = config_.width_bytes < config_.memory_width_bytes
                                   ? config_.width_bytes
                                   : config_.memory_width_bytes;
        wants = true;
        bytes = t.row_bytes - column_ < width ? t.row_bytes - column_ : width;
        address = place(t, t.from_tcdm);
    }

    // Moves the bytes of a cycle if they were granted; whether a transfer has ended.
    bool move(uint64_t cycle, bool granted) {
        if (!wants) return false;
        if (!granted) {
            stalled_cycles_ += 1;
            return false;
        }
        const DmaTransfer& t = queue_[head_];
        uint8_t* inner = &tcdm_->bytes[address - tcdm_->base];
        uint8_t* outer = &l2_->bytes[place(t, !t.from_tcdm) - l2_->base];
        std::memcpy(t.from_tcdm ? outer : inner, t.from_tcdm ? inner : outer, bytes);
        bytes_moved_ += bytes;
        const uint64_t edge =
            (cycle * config_.period_fs + config_.memory_period_fs - 1) / config_.memory_period_fs;
        free_fs_ = (edge + 1) * config_.memory_period_fs;
        column_ += bytes;
        if (column_ < t.row_bytes) return false;
        column_ = 0;
        if (++row_ < t.rows) return false;
        row_ = started_ = 0;
        head_ = (head_ + 1) % queue_.size();
        waiting_ -= 1;
        transfers_ += 1;
        return true;
    }

  private:
    uint32_t place(const DmaTransfer& t, bool of_source) const {
        const uint32_t begin = of_source ? t.source : t.destination;
        const int32_t stride = of_source ? t.source_stride : t.destination_stride;
        return begin + row_ * uint32_t(stride) + column_;
    }

    bool start(uint64_t cycle) {
        const DmaTransfer& d = described_;
        const bool leaves = whole(d, true, *tcdm_) && whole(d, false, *l2_);
        const bool comes = whole(d, true, *l2_) && whole(d, false, *tcdm_);
        if (full() || !(leaves || comes)) {
            refused_ += 1;
            return false;
        }
        DmaTransfer& t = queue_[(head_ + waiting_) % queue_.size()];
        t = d;
        t.from_tcdm = leaves;
        t.cycle = cycle;
        waiting_ += 1;
        return true;
    }

    // Whether one side of a transfer, which must not be empty, lies in a memory.
    bool whole(const DmaTransfer& t, bool of_source, const Region& region) const {
        if (t.row_bytes == 0 || t.rows == 0) return false;
        const int64_t begin = of_source ? t.source : t.destination;
        const int64_t stride = of_source ? t.source_stride : t.destination_stride;
        const int64_t last = begin + (int64_t(t.rows) - 1) * stride;
        const int64_t low = begin < last ? begin : last, high = begin < last ? last : begin;
        return low >= region.base &&
               high + t.row_bytes <= int64_t(region.base) + region.size;
    }

    const DmaConfiguration config_;
    Region *tcdm_ = nullptr, *l2_ = nullptr;
    DmaTransfer described_;
    std::vector<DmaTransfer> queue_;
    uint32_t head_ = 0, waiting_ = 0, started_ = 0, row_ = 0, column_ = 0;
    uint32_t transfers_ = 0, bytes_moved_ = 0, busy_cycles_ = 0, stalled_cycles_ = 0, refused_ = 0;
    uint64_t free_fs_ = 0;
};

}  // namespace alpine::riscv
