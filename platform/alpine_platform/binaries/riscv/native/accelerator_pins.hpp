// SPDX-License-Identifier: Apache-2.0
// The pins of `cluster_accelerators` and a call that gives them a clock edge: what a cluster of
// cores knows of its accelerators, whatever they are. Python's side is accelerator_pins.py.

#pragma once

#include <cstdint>

namespace alpine {

constexpr uint32_t kImaPort = 0, kDepthwisePort = 1, kConfigurationPorts = 2;
constexpr uint32_t kMostMemoryPorts = 2;  // `mem` and, where writes have their own, `mem_out`
constexpr uint32_t kMostPortBytes = 64;

struct ConfigurationAccess {
    uint32_t valid, write, address, data;
};

struct ConfigurationAnswer {
    uint32_t ready, valid, data;
};

struct MemoryRequest {
    uint32_t valid, write, address;
    uint32_t bytes;  // that are meant, from the address on
    uint8_t data[kMostPortBytes];
};

struct MemoryAnswer {
    uint32_t granted, valid;  // a request, and what a read granted in the cycle before returned
    uint8_t data[kMostPortBytes];
};

// What the cluster drives in a cycle.
struct AcceleratorInputs {
    ConfigurationAccess access[kConfigurationPorts];
    MemoryAnswer memory[kMostMemoryPorts];
};

// What the accelerators drive in a cycle; none of it depends on the inputs of the same cycle.
struct AcceleratorOutputs {
    ConfigurationAnswer answer[kConfigurationPorts];
    MemoryRequest memory[kMostMemoryPorts];
    uint32_t event_done[kConfigurationPorts];
    uint32_t start, phase, select;  // at the analog boundary
};

// step: one clock edge with the inputs of a cycle; fills in the outputs of the next one, and
// returns 0, or a number that tells whoever made it what is wrong.
// skip: so many clock edges at which nothing can change.
struct AcceleratorCalls {
    void* context;
    int32_t (*step)(void* context, const AcceleratorInputs* inputs, AcceleratorOutputs* outputs);
    void (*skip)(void* context, uint64_t cycles);
};

}  // namespace alpine
