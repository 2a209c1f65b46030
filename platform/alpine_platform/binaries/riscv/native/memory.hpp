// SPDX-License-Identifier: Apache-2.0
// What the cores' addresses lead to: memories and peripherals.

#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace alpine::riscv {

// A memory of a cluster.
struct Region {
    uint32_t base, size;
    uint32_t extra_cycles;  // of an access, beyond the one that the TCDM takes
    std::vector<uint8_t> bytes;

    bool holds(uint32_t address, uint32_t count) const {
        return address - base < size && size - (address - base) >= count;
    }
};

// What answers loads and stores of registers, which are aligned words. Accelerators and a DMA are
// attached to a cluster as more of them.
class Peripheral {
  public:
    Peripheral(uint32_t base, uint32_t size) : base(base), size(size) {}
    virtual ~Peripheral() = default;
    bool holds(uint32_t address) const { return address - base < size; }

    // Whether a load is answered now. If not the core waits for the event unit, which alone may
    // say so.
    virtual bool read(uint32_t core, uint32_t offset, uint32_t& value) = 0;
    virtual void write(uint32_t core, uint32_t offset, uint32_t value) = 0;

    const uint32_t base, size;
};

class Memory {
  public:
    // The first one added is the TCDM.
    Region& add(uint32_t base, uint32_t size, uint32_t extra_cycles) {
        regions_.push_back(std::make_unique<Region>());
        Region& region = *regions_.back();
        region.base = base;
        region.size = size;
        region.extra_cycles = extra_cycles;
        region.bytes.resize(size);
        return region;
    }

    Region* find(uint32_t address, uint32_t count) {
        for (auto& region : regions_)
            if (region->holds(address, count)) return region.get();
        return nullptr;
    }

    Region& tcdm() { return *regions_.front(); }

  private:
    std::vector<std::unique_ptr<Region>> regions_;
};

}  // namespace alpine::riscv
