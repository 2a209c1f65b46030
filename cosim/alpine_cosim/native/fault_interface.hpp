// SPDX-License-Identifier: Apache-2.0
// C interface of a transactor whose hardware is made to fail; included after the transactor.

#pragma once

namespace alpine {

#ifdef ALPINE_AXI_WATCH
using Faulty = HardwareTransactor;
inline FaultState& state_of(Faulty* it) { return it->watch.state; }
inline PulsedCrossbar& crossbar_of(Faulty* it, int64_t macro) { return it->crossbar(macro); }
inline int64_t& patience_of(Faulty* it) { return it->watch.patience; }
inline int64_t macros_of(Faulty* it) { return it->macros(); }
#else
using Faulty = TileTransactor;
inline FaultState& state_of(Faulty* it) { return it->boundary.state; }
inline PulsedCrossbar& crossbar_of(Faulty* it, int64_t) { return it->boundary.crossbar; }
inline int64_t& patience_of(Faulty* it) { return it->patience; }
inline int64_t macros_of(Faulty*) { return 1; }
#endif

}  // namespace alpine

extern "C" {

int64_t fault_add_register(alpine::Faulty* it, const char* scope, const char* name) {
    return alpine::state_of(it).add_register(scope, name);
}

void fault_set_patience(alpine::Faulty* it, int64_t cycles) { alpine::patience_of(it) = cycles; }
void fault_set_integration(alpine::Faulty* it, int64_t macro, int64_t cycles) {
    alpine::crossbar_of(it, macro).integrate_cycles = cycles;
}

int64_t fault_state_bytes(alpine::Faulty* it) { return int64_t(alpine::state_of(it).state_bytes()); }
void fault_save(alpine::Faulty* it, uint8_t* state) { alpine::state_of(it).save(state); }
void fault_restore(alpine::Faulty* it, const uint8_t* state) { alpine::state_of(it).restore(state); }

void fault_arm(alpine::Faulty* it, int64_t number, int64_t bit, int64_t cycle) {
    alpine::state_of(it).arm(number, bit, cycle, it->edge_number());
}
void fault_stick_adc(alpine::Faulty* it, int64_t macro, int64_t column, int8_t code) {
    alpine::crossbar_of(it, macro).stick_adc(column, code);
}

int fault_flipped(alpine::Faulty* it) { return alpine::state_of(it).flipped; }
int fault_codes_moved(alpine::Faulty* it) {
    for (int64_t macro = 0; macro < alpine::macros_of(it); ++macro)
        if (alpine::crossbar_of(it, macro).codes_moved) return 1;
    return 0;
}

// Busy stretches so far: how many, and their first cycles and lengths, interleaved.
int64_t fault_busy_stretches(alpine::Faulty* it) {
    return int64_t(alpine::state_of(it).busy.size());
}
void fault_copy_busy(alpine::Faulty* it, int64_t* stretches) {
    for (const auto& [first, length] : alpine::state_of(it).busy) {
        *stretches++ = first;
        *stretches++ = length;
    }
}
}
