// SPDX-License-Identifier: Apache-2.0
// The analog macro as a transactor sees it; alpine_cosim.hardware.crossbar fills it in.

#pragma once

#include <cstdint>

namespace alpine {

// What sits at a tile's analog boundary: crossbar and converters, as functions.
struct AnalogMacro {
    void* context;
    void (*multiply)(void* context, const int8_t* dac_codes, int8_t* adc_codes);
    void (*program)(void* context, int64_t row, int64_t column, int8_t weight);
    int8_t (*read)(void* context, int64_t row, int64_t column);
};

}  // namespace alpine
