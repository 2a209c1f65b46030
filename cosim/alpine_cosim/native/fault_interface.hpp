// SPDX-License-Identifier: Apache-2.0
// C interface of a transactor whose tile is made to fail; included after transactor.hpp.

#pragma once

extern "C" {

int64_t fault_add_register(alpine::TileTransactor* transactor, const char* scope,
                           const char* name) {
    return transactor->boundary.add_register(scope, name);
}

void fault_configure(alpine::TileTransactor* transactor, int64_t integrate_cycles,
                     int64_t patience) {
    transactor->boundary.integrate_cycles = integrate_cycles;
    transactor->patience = patience;
}

int64_t fault_state_bytes(alpine::TileTransactor* transactor) {
    return int64_t(transactor->boundary.state_bytes());
}
void fault_save(alpine::TileTransactor* transactor, uint8_t* state) {
    transactor->boundary.save(state);
}
void fault_restore(alpine::TileTransactor* transactor, const uint8_t* state) {
    transactor->boundary.restore(state);
}

void fault_arm(alpine::TileTransactor* transactor, int64_t number, int64_t bit, int64_t cycle) {
    transactor->boundary.arm(number, bit, cycle, transactor->edge_number());
}
void fault_stick_adc(alpine::TileTransactor* transactor, int64_t column, int8_t code) {
    transactor->boundary.stick_adc(column, code);
}

int fault_flipped(alpine::TileTransactor* transactor) { return transactor->boundary.flipped; }
int fault_codes_moved(alpine::TileTransactor* transactor) {
    return transactor->boundary.codes_moved;
}

// Busy stretches so far: how many, and their first cycles and lengths, interleaved.
int64_t fault_busy_stretches(alpine::TileTransactor* transactor) {
    return int64_t(transactor->boundary.busy.size());
}
void fault_copy_busy(alpine::TileTransactor* transactor, int64_t* stretches) {
    for (const auto& [first, length] : transactor->boundary.busy) {
        *stretches++ = first;
        *stretches++ = length;
    }
}
}
