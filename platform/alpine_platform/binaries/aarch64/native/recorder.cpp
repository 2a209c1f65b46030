// SPDX-License-Identifier: Apache-2.0
//
// What the process that executes AArch64 instructions records: every block that begins, every access
// to memory and every CM instruction whose answer is known beforehand, in memory that it shares with
// who started it. The hooks have the signatures that Unicorn calls.
//
// The memory begins with `Header`; behind it stand, in this order and with this room each,
// `known` (address and bytes of each block, numbered as they first come), `blocks` (number, accesses
// before it), `accesses` (address, bytes), `instructions` and `parts`.
//
// A part ends where the core waits for an answer, or where it has become long. Only there does the
// recorder ask to be emptied, so that parts do not depend on the room.
#include <cstdint>
#include <unordered_map>

namespace {

struct Pair {
    std::int64_t first, second;
};

struct Instruction {
    std::int64_t address, word;
    std::uint64_t rn, rm, ra;
};

// Blocks and instructions before its end; `Answer` of its last instruction.
struct Part {
    std::int64_t blocks, instructions, answer;
};

struct Counts {
    std::int64_t known, blocks, accesses, instructions, parts;
};

struct Header {
    // Zeros where it was emptied.
    Counts count;
    // What there was when the part under way began.
    Counts begun;
    Counts room;
    // What a part has at most.
    Counts longest;
    // Of the tile that instructions address: cells beyond it are the tile's to refuse.
    std::uint64_t rows, columns;
};

enum Answer : std::int64_t { kNotAwaited = 0, kAwaited = 1, kAwaitedCell = 2 };

struct Processor {
    void *handle;
    int (*read_register)(void *, int, void *);
    int (*write_register)(void *, int, const void *);
    int (*read_memory)(void *, std::uint64_t, void *, std::uint64_t);
    // Numbers of x0 to x30 and of the program counter.
    const int *registers;
};

constexpr unsigned kZero = 31, kCounter = 31;
// Of a block, at most: a translated block ends after 512 instructions, each of at most 64 bytes.
constexpr std::int64_t kAccessesOfBlock = 512 * 16;
constexpr std::uint32_t kProgrammedCell = 0x208 << 1, kQueued = 0x108 << 1 | 1;

Header *header;
Pair *known, *blocks, *accesses;
Instruction *instructions;
Part *parts;
// Call Python: `full` to be emptied before a block, `stop` before an instruction.
void (*full)(std::uint64_t address), (*stop)(std::uint64_t address);
std::unordered_map<std::uint64_t, std::int64_t> numbers;
Processor processor;

bool has_room()
{
    const Counts &count = header->count, &room = header->room, &longest = header->longest;
    return count.blocks + longest.blocks <= room.blocks && count.parts < room.parts &&
           count.accesses + longest.accesses <= room.accesses &&
           count.instructions + longest.instructions <= room.instructions &&
           count.known + longest.known <= room.known;
}

void end_part(Answer answer, std::uint64_t following)
{
    parts[header->count.parts++] = {header->count.blocks, header->count.instructions, answer};
    if (!has_room()) full(following);
    header->begun = header->count;
}

std::uint64_t value_of(unsigned number)
{
    std::uint64_t value = 0;
    if (number != kZero) processor.read_register(processor.handle, processor.registers[number], &value);
    return value;
}

}  // namespace

extern "C" {

void recorder_begin(void *memory, void (*when_full)(std::uint64_t))
{
    header = static_cast<Header *>(memory);
    known = reinterpret_cast<Pair *>(header + 1);
    blocks = known + header->room.known;
    accesses = blocks + header->room.blocks;
    instructions = reinterpret_cast<Instruction *>(accesses + header->room.accesses);
    parts = reinterpret_cast<Part *>(instructions + header->room.instructions);
    full = when_full;
}

void recorder_gather(const Processor *how, void (*when_stopped)(std::uint64_t))
{
    processor = *how;
    stop = when_stopped;
}

void recorder_block(void *, std::uint64_t address, std::uint32_t bytes, void *)
{
    // Addresses of user space have 39 bits, blocks at most 2048 bytes.
    const std::uint64_t key = address << 16 | bytes;
    const Counts &count = header->count, &begun = header->begun, &longest = header->longest;
    if (count.blocks - begun.blocks == longest.blocks ||
        count.known - begun.known == longest.known ||
        count.accesses - begun.accesses + kAccessesOfBlock > longest.accesses)
        end_part(kNotAwaited, address);
    const auto [place, added] = numbers.try_emplace(key, std::int64_t(numbers.size()));
    if (added) known[header->count.known++] = {std::int64_t(address), std::int64_t(bytes)};
    blocks[header->count.blocks++] = {place->second, count.accesses};
}

void recorder_access(void *, int, std::uint64_t address, int bytes, std::int64_t, void *)
{
    if (header->count.accesses < header->room.accesses)
        accesses[header->count.accesses++] = {std::int64_t(address), bytes};
}

// Before a queue, a product or the programming of a cell, whose word is `data`: all of them are
// answered by 0 unless the tile refuses them.
void recorder_instruction(void *, std::uint64_t address, std::uint32_t, void *data)
{
    const std::uint32_t word = std::uint32_t(reinterpret_cast<std::uintptr_t>(data));
    std::uint32_t found = 0;
    processor.read_memory(processor.handle, address, &found, sizeof found);
    const std::uint64_t rn = value_of(word >> 5 & 31), rm = value_of(word >> 16 & 31);
    const std::uint32_t operation = (word >> 21 & 0x7ff) << 1 | (word >> 15 & 1);
    const bool cell = operation == kProgrammedCell;
    if (found != word || (cell && (rm >= header->columns || rn >= header->rows))) return stop(address);
    instructions[header->count.instructions++] = {
        std::int64_t(address), word, rn, rm, value_of(word >> 10 & 31)};
    const unsigned destination = word & 31;
    const std::uint64_t zero = 0, following = address + 4;
    const std::int64_t waiting = header->count.instructions - header->begun.instructions;
    if (operation != kQueued) {
        if (destination != kZero)
            processor.write_register(processor.handle, processor.registers[destination], &zero);
        const Answer answer = waiting == 1 && cell ? kAwaitedCell : kAwaited;
        end_part(destination == kZero ? kNotAwaited : answer, 0);
    } else if (waiting == header->longest.instructions) {
        end_part(kNotAwaited, 0);
    }
    processor.write_register(processor.handle, processor.registers[kCounter], &following);
}

}  // extern "C"
