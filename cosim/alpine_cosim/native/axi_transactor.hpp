// SPDX-License-Identifier: Apache-2.0
// Native transactor of the loosely coupled accelerator: drives batches of accesses through the
// AXI4-Lite port of a verilated model.
//
// Compiled beside the model. It reads and writes top-level ports only; whatever the accelerator
// computes comes out of its RTL. The timing rules are those of alpine_platform.accelerators.peripheral_port.

#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "analog_macro.hpp"
#include "calls.hpp"
#include "constants.hpp"

namespace alpine {

struct IoRecord {  // alpine_platform.accelerators.peripheral_port.IO_BATCH_DTYPE
    uint32_t address, data;
    uint8_t write, strobes;
    int64_t gap_fs, response_gap_fs;
};

struct IoAnswer {  // alpine_platform.accelerators.peripheral_port.IoResult
    uint32_t* data;
    uint8_t* response;
    int64_t *issue_fs, *accept_cycle, *complete_cycle, *response_fs;
};

struct IoPath {  // alpine_platform.accelerators.peripheral_port.IoTimes
    int64_t request_fs, response_fs, taken_fs, posted_stores;
};

// One tile's crossbar ports: addresses inside the model, and the bytes of those that vary.
struct CrossbarPorts {
    const int8_t* dac;
    int8_t* adc;
    const uint8_t *start, *phase;
    const uint8_t *prog_valid, *prog_weight, *read_valid;
    uint8_t* read_weight;
    const void *prog_row, *prog_col, *read_row, *read_col;
    int64_t row_bytes, column_bytes, rows, columns;
};

enum class IoOutcome : int { kDone = 0, kHang = 1, kDacChanged = 2, kUnasked = 3 };

// A healthy tile's crossbar: shows its ADC codes while the tile digitises, zeros otherwise.
class CheckedCrossbar {
public:
    explicit CheckedCrossbar(int64_t rows) : dac_(rows) {}

    void begin(const CrossbarPorts& ports) {
        std::memcpy(dac_.data(), ports.dac, dac_.size());
        std::memset(ports.adc, 0, ports.columns);
    }
    // False when the DAC codes moved during a multiplication.
    bool follow(const CrossbarPorts& ports, const AnalogMacro& macro) {
        const bool digitises = *ports.phase == uint8_t(MvmPhase::kDigitise);
        if (digitises && std::memcmp(dac_.data(), ports.dac, dac_.size()) != 0) return false;
        if (digitises && !digitised_) macro.multiply(macro.context, dac_.data(), ports.adc);
        digitised_ = digitises;
        return true;
    }

private:
    std::vector<int8_t> dac_;
    bool digitised_ = false;
};

// What is looked at beside the ports: nothing, in hardware that is not made to fail.
struct NoWatch {
    explicit NoWatch(Model*) {}

    bool idle(bool settled) const { return settled; }
    int64_t skip_target(int64_t, int64_t wanted) const { return wanted; }
    void begin(int64_t) {}
    void end(int64_t) {}
    bool stuck(bool, uint32_t, uint32_t, int64_t) { return false; }
};

#ifdef ALPINE_AXI_WATCH
using Watch = ALPINE_AXI_WATCH;

// A crossbar that follows the phase lines.
class Crossbar : public ALPINE_AXI_CROSSBAR {
public:
    using ALPINE_AXI_CROSSBAR::ALPINE_AXI_CROSSBAR;

    void begin(const CrossbarPorts&) {}
    bool follow(const CrossbarPorts& ports, const AnalogMacro& macro) {
        ALPINE_AXI_CROSSBAR::follow(MvmPhase(*ports.phase), ports.dac, ports.adc, macro);
        return true;
    }
};
#else
using Watch = NoWatch;
using Crossbar = CheckedCrossbar;
#endif

// The analog part of one tile.
class AnalogTile {
public:
    AnalogTile(const CrossbarPorts& ports, const AnalogMacro& macro)
        : crossbar(ports.rows), ports_(ports), macro_(macro) {}

    Crossbar crossbar;
    int64_t products = 0;
    bool at_work() const { return *ports_.phase != 0; }

    // What it does after a clock edge. False when its crossbar refuses what it sees.
    bool react() {
        if (*ports_.start) {
            crossbar.begin(ports_);
            ++products;
        }
        if (!crossbar.follow(ports_, macro_)) return false;
        if (*ports_.prog_valid)
            macro_.program(macro_.context, index(ports_.prog_row, ports_.row_bytes),
                           index(ports_.prog_col, ports_.column_bytes),
                           int8_t(*ports_.prog_weight));
        if (*ports_.read_valid)
            *ports_.read_weight =
                uint8_t(macro_.read(macro_.context, index(ports_.read_row, ports_.row_bytes),
                                    index(ports_.read_col, ports_.column_bytes)));
        return true;
    }

private:
    static int64_t index(const void* port, int64_t bytes) {
        uint64_t value = 0;
        std::memcpy(&value, port, bytes);
        return int64_t(value);
    }

    CrossbarPorts ports_;
    AnalogMacro macro_;
};

class AxiTransactor {
public:
    AxiTransactor(Model* model, const CrossbarPorts* ports, const AnalogMacro* macros,
                  int64_t tiles, int64_t period_fs, int64_t settle_cycles)
        : model(model), watch(model), top_(model->ports), period_fs_(period_fs), settle_cycles_(settle_cycles) {
        for (int64_t tile = 0; tile < tiles; ++tile) tiles_.emplace_back(ports[tile], macros[tile]);
    }

    Model* const model;
    Watch watch;
    bool skip_idle = true;  // jump over clock edges at which nothing can change
    int64_t evaluated = 0;  // clock edges really simulated
    int64_t products(int64_t tile) const { return tiles_[tile].products; }
    int64_t edge_number() const { return edge_; }
    int64_t macros() const { return int64_t(tiles_.size()); }
    Crossbar& crossbar(int64_t tile) { return tiles_[tile].crossbar; }

    // The next edge has number 0, and the core is free of the last access.
    void restart_time() {
        edge_ = 0;
        completed_ = -1;
        free_fs_ = 0;
    }

    IoOutcome execute(const IoRecord* batch, int64_t length, int64_t start_fs,
                      int64_t core_period_fs, const IoPath& path, const IoAnswer& answer) {
        for (int64_t i = 0; i < length; ++i) {
            const IoRecord& access = batch[i];
            int64_t time = (i ? answer.issue_fs[i - 1] : start_fs) + access.gap_fs;
            if (free_fs_ > time) time = free_fs_;
            if (i && access.response_gap_fs >= 0) {
                const int64_t after = answer.response_fs[i - 1] + access.response_gap_fs;
                if (after > time) time = after;
            }
            answer.issue_fs[i] = time;
            const int64_t seen = ceil_divide(time + path.request_fs, period_fs_);
            const IoOutcome idle = advance(seen > completed_ + 1 ? seen : completed_ + 1);
            if (idle != IoOutcome::kDone) return idle;
            const IoOutcome outcome = transfer(access, i, answer);
            if (outcome != IoOutcome::kDone) return outcome;
            completed_ = answer.complete_cycle[i];
            if (watch.stuck(access.write, access.address, answer.data[i], completed_))
                return IoOutcome::kHang;
            const bool posted = access.write && path.posted_stores;
            const int64_t end =
                posted ? time + path.taken_fs : completed_ * period_fs_ + path.response_fs;
            free_fs_ = ceil_divide(end, core_period_fs) * core_period_fs;
            answer.response_fs[i] = free_fs_;
        }
        return IoOutcome::kDone;
    }

private:
    static constexpr int64_t kPatience = 1 << 20;  // covers the longest multiplication

    static int64_t ceil_divide(int64_t time, int64_t period) {
        return (time + period - 1) / period;
    }

    // Clock up to an edge. An access may start vectors and groups on their way through the stages;
    // when nothing has shown at the ports for longer than a whole vector takes on a link, they all
    // have got where they have to wait for the host.
    IoOutcome advance(int64_t edge) {
        while (edge_ < edge) {
            bool at_work = false;
            for (const AnalogTile& tile : tiles_) at_work |= tile.at_work();
            if (at_work) quiet_ = 0;
            if (skip_idle && watch.idle(quiet_ > settle_cycles_)) {
                const int64_t target = watch.skip_target(edge_, edge);
                model->advance(target - edge_);
                edge_ = target;
                watch.begin(edge_);
                continue;
            }
            ++quiet_;
            if (!clock_edge()) return IoOutcome::kDacChanged;
        }
        return IoOutcome::kDone;
    }

    IoOutcome transfer(const IoRecord& access, int64_t i, const IoAnswer& answer) {
        const bool window_or_cell = access.address >= kTilePageBytes;
        bool address = true, data = access.write;
        top_.s_axi_awaddr = access.address;
        top_.s_axi_araddr = access.address;
        top_.s_axi_wdata = access.data;
        top_.s_axi_wstrb = access.strobes;
        top_.s_axi_bready = access.write;
        top_.s_axi_rready = !access.write;
        for (int64_t waited = 0; waited < kPatience; ++waited) {
            top_.s_axi_awvalid = access.write && address;
            top_.s_axi_arvalid = !access.write && address;
            top_.s_axi_wvalid = data;
            const bool asked = !address && !data;  // at an earlier edge, as outputs are registers
            const bool ready = access.write ? top_.s_axi_awready : top_.s_axi_arready;
            if (address && ready) {
                address = false;
                answer.accept_cycle[i] = edge_;
            }
            if (data && top_.s_axi_wready) data = false;
            const bool done = access.write ? top_.s_axi_bvalid : top_.s_axi_rvalid;
            if (done) {
                if (!asked) return IoOutcome::kUnasked;  // a response nobody asked for
                answer.response[i] = access.write ? top_.s_axi_bresp : top_.s_axi_rresp;
                answer.data[i] = access.write ? 0 : top_.s_axi_rdata;
                answer.complete_cycle[i] = edge_;
            }
            // The accelerator's own registers start vectors and free stages; windows and cells do
            // not, and a group that an access to them delays is still on its way.
            if (!window_or_cell) quiet_ = 0;
            const bool alive = clock_edge();
            top_.s_axi_awvalid = top_.s_axi_arvalid = top_.s_axi_wvalid = 0;
            if (!alive) return IoOutcome::kDacChanged;
            if (done) {
                top_.s_axi_bready = top_.s_axi_rready = 0;
                return IoOutcome::kDone;
            }
        }
        return IoOutcome::kHang;
    }

    bool clock_edge() {
        model->step();
        watch.end(edge_);
        ++edge_;
        ++evaluated;
        watch.begin(edge_);
        for (AnalogTile& tile : tiles_)
            if (!tile.react()) return false;
        return true;
    }

    Ports& top_;
    std::vector<AnalogTile> tiles_;
    int64_t period_fs_, settle_cycles_;
    int64_t edge_ = 0, completed_ = -1, free_fs_ = 0, quiet_ = 0;
};

using HardwareTransactor = AxiTransactor;

}  // namespace alpine

extern "C" {

alpine::AxiTransactor* axi_create(alpine::Model* model, const alpine::CrossbarPorts* ports,
                                  const alpine::AnalogMacro* macros, int64_t tiles,
                                  int64_t period_fs, int64_t settle_cycles) {
    return new alpine::AxiTransactor(model, ports, macros, tiles, period_fs, settle_cycles);
}

void axi_destroy(alpine::AxiTransactor* transactor) { delete transactor; }

void axi_skip_idle(alpine::AxiTransactor* transactor, int enabled) {
    transactor->skip_idle = enabled;
}

int axi_execute(alpine::AxiTransactor* transactor, const alpine::IoRecord* batch, int64_t length,
                int64_t start_fs, int64_t core_period_fs, const alpine::IoPath* path,
                const alpine::IoAnswer* answer) {
    return int(alpine::answer(transactor->model, [&] {
        return transactor->execute(batch, length, start_fs, core_period_fs, *path, *answer);
    }));
}

void axi_restart_time(alpine::AxiTransactor* transactor) { transactor->restart_time(); }

int64_t axi_evaluated(alpine::AxiTransactor* transactor) { return transactor->evaluated; }
int64_t axi_products(alpine::AxiTransactor* transactor, int64_t tile) {
    return transactor->products(tile);
}
}
