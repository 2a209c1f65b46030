// SPDX-License-Identifier: Apache-2.0
// Native driver of a verilated tile behind CV-X-IF: one instruction after the other.
//
// Compiled beside the model. It does what a core does that waits for every result: the instruction
// is issued with its operands, committed in the cycle of its issue, and its result taken at once.

#pragma once

#include <cstdint>

#include "boundary.hpp"
#include "calls.hpp"
#include "constants.hpp"

namespace alpine {

// What came of an instruction, in clock edges; `taken` is 0 for one that the adapter rejected.
struct OffLoadAnswer {
    uint32_t taken, writes, rd;
    uint32_t data;
    int64_t accept_cycle, complete_cycle;
};

// As in transactor.hpp.
enum class CvxifOutcome : int { kDone = 0, kHang = 1, kDacChanged = 2, kUnasked = 3 };

class CvxifTransactor {
public:
    CvxifTransactor(Model* model, const AnalogMacro& macro, int64_t rows, int64_t columns,
                    int64_t mvm_cycles)
        : model(model), boundary_(model, macro, rows, columns, mvm_cycles),
          patience_(kPatience + mvm_cycles), top_(model->ports) {
        top_.x_result_ready = 1;
        top_.x_register_rs_valid = 7;
    }

    Model* const model;
    int64_t busy = 0;  // clock edges with an instruction at the interface or under way

    // Runs one instruction, which is shown from an edge on that has not passed.
    CvxifOutcome execute(uint32_t word, const uint32_t* operands, int64_t cycle,
                         OffLoadAnswer* answer) {
        *answer = {};
        if (cycle > edge_) {
            model->advance(cycle - edge_);
            edge_ = cycle;
        }
        show(word, operands);
        bool issued = false;
        for (int64_t waited = 0; waited < patience_; ++waited) {
            top_.x_issue_valid = top_.x_register_valid = !issued;
            top_.x_commit_valid = 0;
            model->settle();
            const bool issue = !issued && top_.x_issue_ready;
            if (issue) {
                answer->taken = top_.x_issue_resp_accept;
                answer->accept_cycle = edge_;
                top_.x_commit_valid = 1;
            }
            const bool complete = top_.x_result_valid;
            if (complete) {
                if (!issued || !answer->taken) return CvxifOutcome::kUnasked;
                answer->writes = top_.x_result_we;
                answer->rd = top_.x_result_rd;
                answer->data = top_.x_result_data;
                answer->complete_cycle = edge_;
            }
            ++busy;
            issued |= issue;
            if (!clock_edge()) return CvxifOutcome::kDacChanged;
            if (complete || (issue && !answer->taken)) {
                rest();
                return CvxifOutcome::kDone;
            }
        }
        rest();
        return CvxifOutcome::kHang;
    }

private:
    static constexpr int64_t kPatience = 1 << 20;  // as of transactor.hpp

    void show(uint32_t word, const uint32_t* operands) {
        top_.x_issue_req_instr = word;
        top_.x_issue_req_id = top_.x_commit_id = id_++ % kIds;
        top_.x_register_rs_0 = operands[0];
        top_.x_register_rs_1 = operands[1];
        top_.x_register_rs_2 = operands[2];
    }

    void rest() { top_.x_issue_valid = top_.x_register_valid = top_.x_commit_valid = 0; }

    bool clock_edge() {
        model->step();
        ++edge_;
        return boundary_.react(edge_);
    }

    static constexpr uint32_t kIds = 16;  // of an X_ID_WIDTH of 4

    CheckedBoundary boundary_;
    int64_t patience_;
    Ports& top_;
    int64_t edge_ = 0;
    uint32_t id_ = 0;
};

}  // namespace alpine

extern "C" {

alpine::CvxifTransactor* cvxif_create(alpine::Model* model, const alpine::AnalogMacro* macro,
                                      int64_t rows, int64_t columns, int64_t mvm_cycles) {
    return new alpine::CvxifTransactor(model, *macro, rows, columns, mvm_cycles);
}

void cvxif_destroy(alpine::CvxifTransactor* transactor) { delete transactor; }

int cvxif_execute(alpine::CvxifTransactor* transactor, uint32_t word, const uint32_t* operands,
                  int64_t cycle, alpine::OffLoadAnswer* answer) {
    return int(alpine::answer(transactor->model, [&] {
        return transactor->execute(word, operands, cycle, answer);
    }));
}

int64_t cvxif_busy(alpine::CvxifTransactor* transactor) { return transactor->busy; }
}
