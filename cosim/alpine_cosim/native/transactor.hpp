// SPDX-License-Identifier: Apache-2.0
// Native transactor: drives batches of CM instructions through the ports of a verilated tile.
//
// Compiled beside the model. It reads and writes top-level ports only; whatever the tile computes
// comes out of its RTL. The timing rules are those of alpine_platform.accelerators.tile_port.

#pragma once

#include <cstdint>

#include "boundary.hpp"
#include "calls.hpp"
#include "constants.hpp"

namespace alpine {

struct CmRecord {  // alpine_platform.accelerators.tile_port.CM_BATCH_DTYPE
    uint32_t word;
    uint64_t rn, rm, ra;
    int64_t gap_fs, response_gap_fs;
};

struct CmAnswer {
    uint64_t* rd;
    uint8_t* status;
    int64_t *issue_fs, *accept_cycle, *complete_cycle, *response_fs;
};

enum class Outcome : int { kDone = 0, kHang = 1, kDacChanged = 2, kUnasked = 3 };

inline int64_t edge_at(int64_t time_fs, int64_t period_fs) {
    return (time_fs + period_fs - 1) / period_fs;
}

// Boundary: what happens at the analog ports at every edge, as ALPINE_BOUNDARY or CheckedBoundary.
template <class Boundary>
class Transactor {
public:
    Transactor(Model* model, const AnalogMacro& macro, int64_t rows, int64_t columns,
               int64_t mvm_cycles)
        : boundary(model, macro, rows, columns, mvm_cycles), model(model),
          patience(kPatience + mvm_cycles), top_(model->ports), rows_(rows), columns_(columns) {
        top_.cm_req_valid = 0;
        top_.cm_rsp_ready = 1;
    }

    Boundary boundary;
    Model* const model;
    int64_t tile_period_fs = 1000000;
    int64_t patience;          // clock edges without a transfer after which the tile hangs
    bool skip_idle = true;     // jump over clock edges at which nothing can change
    int64_t evaluated = 0;     // clock edges really simulated
    int64_t busy = 0;          // clock edges with a request pending or a response outstanding
    int64_t edge_number() const { return edge_; }
    void restart_time() { edge_ = 0; }  // the next edge has number 0

    Outcome execute(const CmRecord* batch, int64_t length, int64_t start_fs,
                    int64_t core_period_fs, const CmAnswer& answer) {
        int64_t issued = 0, accepted = 0, answered = 0;  // instructions that got so far
        int64_t request_edge = 0;
        int64_t silent = 0;
        while (answered < length) {
            if (issued == accepted && issued < length &&
                (batch[issued].response_gap_fs < 0 || issued == 0 || answered == issued)) {
                request_edge = issue(batch, issued, start_fs, core_period_fs, answer);
                present(batch[issued]);
                ++issued;
            }
            const bool outstanding = answered < accepted;
            const bool pending = issued > accepted;
            if (skip_idle && !outstanding && pending && request_edge > edge_) {
                const int64_t target = boundary.skip_target(edge_, request_edge);
                if (target > edge_) {
                    model->advance(target - edge_);
                    edge_ = target;
                    boundary.arrive(edge_);
                }
            }
            const bool requesting = pending && edge_ >= request_edge;
            top_.cm_req_valid = requesting;
            const bool accept = requesting && top_.cm_req_ready;
            const bool complete = top_.cm_rsp_valid;
            if (complete) {
                // A response belongs to an earlier edge's request: outputs depend on state alone.
                if (!outstanding) return Outcome::kUnasked;
                answer.rd[answered] = top_.cm_rsp_rd;
                answer.status[answered] = top_.cm_rsp_status;
                answer.complete_cycle[answered] = edge_;
                answer.response_fs[answered] =
                    edge_at(edge_ * tile_period_fs, core_period_fs) * core_period_fs;
                ++answered;
            }
            if (accept) answer.accept_cycle[accepted++] = edge_;
            if (outstanding || requesting) {
                ++busy;
                boundary.busy_at(edge_);
            }
            if (!clock_edge()) return Outcome::kDacChanged;
            silent = accept || complete || !(outstanding || requesting) ? 0 : silent + 1;
            if (silent > patience) return Outcome::kHang;
        }
        top_.cm_req_valid = 0;
        return Outcome::kDone;
    }

    // One access to the register port, at the next edge; the tile must be idle. False if refused.
    bool access_register(uint32_t address, bool write, uint32_t word, uint32_t* read) {
        top_.csr_addr = address;
        top_.csr_write = write;
        top_.csr_wdata = word;
        clock_edge();
        *read = top_.csr_rdata;
        const bool refused = top_.csr_error;
        top_.csr_addr = 0;
        top_.csr_write = 0;
        top_.csr_wdata = 0;
        return !refused;
    }

    // Phase lengths, when the tile's registers override the configured ones.
    void set_mvm_cycles(int64_t cycles) { boundary.mvm_cycles = cycles; }

    // Back-to-back traffic without a batch: what the loop around the model costs at most.
    int64_t saturate(int64_t cycles, bool multiply) {
        const auto macro = boundary.macro;
        if (!multiply) boundary.macro.multiply = [](void*, const int8_t*, int8_t*) {};
        const int64_t queues = (rows_ + 3) / 4, dequeues = (columns_ + 3) / 4;
        int64_t position = 0, accepted = 0, answered = 0;
        top_.cm_req_valid = 1;
        for (int64_t i = 0; i < cycles; ++i) {
            top_.cm_req_instr =
                position < queues    ? kQueueWord
                : position == queues ? kProcessWord
                                     : kDequeueWord;
            top_.cm_req_rm = position < queues ? uint64_t(i) * 2654435761u : 4;
            if (top_.cm_req_ready) {
                ++accepted;
                position = position == queues + dequeues ? 0 : position + 1;
            }
            answered += top_.cm_rsp_valid;
            clock_edge();
        }
        top_.cm_req_valid = 0;
        for (; answered < accepted; clock_edge()) answered += top_.cm_rsp_valid;
        boundary.macro = macro;
        return accepted;
    }

private:
    static constexpr int64_t kPatience = 1 << 20;  // covers the longest programming a macro may ask

    int64_t issue(const CmRecord* batch, int64_t i, int64_t start_fs, int64_t core_period_fs,
                  const CmAnswer& answer) {
        int64_t time = (i ? answer.issue_fs[i - 1] : start_fs) + batch[i].gap_fs;
        int64_t edge = 0;
        if (i) {
            if (batch[i].response_gap_fs >= 0) {
                const int64_t after = answer.response_fs[i - 1] + batch[i].response_gap_fs;
                if (after > time) time = after;
            }
            const int64_t accept_fs = answer.accept_cycle[i - 1] * tile_period_fs;
            const int64_t free = edge_at(accept_fs, core_period_fs) * core_period_fs;
            if (free > time) time = free;
            edge = answer.accept_cycle[i - 1] + 1;
        }
        answer.issue_fs[i] = time;
        const int64_t seen = edge_at(time, tile_period_fs);
        return seen > edge ? seen : edge;
    }

    void present(const CmRecord& record) {
        top_.cm_req_instr = record.word;
        top_.cm_req_rn = record.rn;
        top_.cm_req_rm = record.rm;
        top_.cm_req_ra = record.ra;
    }

    // One edge and the boundary's reaction to it; false when the boundary refuses what it sees.
    bool clock_edge() {
        model->step();
        ++edge_;
        ++evaluated;
        return boundary.react(edge_);
    }

    Ports& top_;
    int64_t rows_, columns_;
    int64_t edge_ = 0;
};

#ifndef ALPINE_BOUNDARY
#define ALPINE_BOUNDARY CheckedBoundary
#endif
using TileTransactor = Transactor<ALPINE_BOUNDARY>;

}  // namespace alpine

extern "C" {

alpine::TileTransactor* transactor_create(alpine::Model* model, const alpine::AnalogMacro* macro,
                                      int64_t rows, int64_t columns, int64_t mvm_cycles,
                                      int64_t tile_period_fs) {
    auto* transactor = new alpine::TileTransactor(model, *macro, rows, columns, mvm_cycles);
    transactor->tile_period_fs = tile_period_fs;
    return transactor;
}

void transactor_destroy(alpine::TileTransactor* transactor) { delete transactor; }

void transactor_skip_idle(alpine::TileTransactor* transactor, int enabled) {
    transactor->skip_idle = enabled;
}

int transactor_execute(alpine::TileTransactor* transactor, const alpine::CmRecord* batch,
                       int64_t length, int64_t start_fs, int64_t core_period_fs,
                       const alpine::CmAnswer* answer) {
    return int(alpine::answer(transactor->model, [&] {
        return transactor->execute(batch, length, start_fs, core_period_fs, *answer);
    }));
}

int transactor_access_register(alpine::TileTransactor* transactor, uint32_t address, int write,
                               uint32_t word, uint32_t* read) {
    return int(alpine::answer(transactor->model, [&] {
        return transactor->access_register(address, write, word, read);
    }));
}

void transactor_set_mvm_cycles(alpine::TileTransactor* transactor, int64_t cycles) {
    transactor->set_mvm_cycles(cycles);
}

int64_t transactor_saturate(alpine::TileTransactor* transactor, int64_t cycles, int multiply) {
    return alpine::answer(transactor->model,
                          [&] { return transactor->saturate(cycles, multiply); });
}

int64_t transactor_evaluated(alpine::TileTransactor* transactor) { return transactor->evaluated; }
int64_t transactor_busy(alpine::TileTransactor* transactor) { return transactor->busy; }
void transactor_restart_time(alpine::TileTransactor* transactor) { transactor->restart_time(); }
int64_t transactor_edge(alpine::TileTransactor* transactor) { return transactor->edge_number(); }
}
