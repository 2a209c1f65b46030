// SPDX-License-Identifier: Apache-2.0
//
// What the process that executes AArch64 instructions records: every block that begins and every
// access to memory, in memory that it shares with who started it. The two hooks have the signatures
// that Unicorn calls.
//
// The memory begins with `Header`; `known` pairs (address and bytes of each block, numbered as they
// first come), `blocks` pairs (number, accesses before it) and `accesses` pairs (address, bytes)
// follow.
#include <cstdint>
#include <unordered_map>

namespace {

struct Pair {
    std::int64_t first, second;
};

struct Header {
    std::int64_t known, blocks, accesses;
    std::int64_t known_room, blocks_room, accesses_room;
};

// Of a block, at most: a translated block ends after 512 instructions, each of at most 64 bytes.
constexpr std::int64_t kAccessesOfBlock = 512 * 16;

Header *header;
Pair *known, *blocks, *accesses;
void (*full)(std::uint64_t address);
std::unordered_map<std::uint64_t, std::int64_t> numbers;

}  // namespace

extern "C" {

void recorder_begin(void *memory, void (*when_full)(std::uint64_t))
{
    header = static_cast<Header *>(memory);
    known = reinterpret_cast<Pair *>(header + 1);
    blocks = known + header->known_room;
    accesses = blocks + header->blocks_room;
    full = when_full;
}

void recorder_block(void *, std::uint64_t address, std::uint32_t bytes, void *)
{
    // Addresses of user space have 39 bits, blocks at most 2048 bytes.
    const std::uint64_t key = address << 16 | bytes;
    if (header->blocks == header->blocks_room || header->known == header->known_room ||
        header->accesses + kAccessesOfBlock > header->accesses_room)
        full(address);
    const auto [place, added] = numbers.try_emplace(key, std::int64_t(numbers.size()));
    if (added)
        known[header->known++] = {std::int64_t(address), std::int64_t(bytes)};
    blocks[header->blocks++] = {place->second, header->accesses};
}

void recorder_access(void *, int, std::uint64_t address, int bytes, std::int64_t, void *)
{
    if (header->accesses < header->accesses_room)
        accesses[header->accesses++] = {std::int64_t(address), bytes};
}

}  // extern "C"
