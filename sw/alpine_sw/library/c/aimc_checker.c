/* SPDX-License-Identifier: Apache-2.0
 *
 * A functional AIMC tile in plain C: what the CM instructions do, without time. It gives the codes
 * of the simulated tile with an ideal crossbar, bit for bit, and stops at misuse: abort() behind one
 * line with the place of the call, so that a debugger stands there.
 */
#include "aimc_checker.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TILES = 16, MAX_SIDE = 65536, GROUP = 4 };

typedef struct {
    long rows, columns;
    int8_t *cells; /* [columns][rows] */
    int8_t *inputs, *outputs;
    double *lsb;
    long queued, dequeued; /* where the next vector goes on */
    int processed;
} Tile;

static _Thread_local Tile tiles[MAX_TILES];
static _Thread_local int tile_count;
static _Thread_local int selected;
static _Thread_local const char *file = "unknown file";
static _Thread_local int line;

#define STOP(...)                                                                                  \
    do {                                                                                           \
        fprintf(stderr, "%s:%d: ", file, line);                                                    \
        fprintf(stderr, __VA_ARGS__);                                                              \
        fputc('\n', stderr);                                                                       \
        abort();                                                                                   \
    } while (0)

void aimc_checker_at(const char *caller_file, int caller_line)
{
    file = caller_file;
    line = caller_line;
}

static void *zeros(long count, size_t size)
{
    void *memory = calloc((size_t)count, size);
    if (!memory) STOP("no memory for a tile of %ld elements: use a smaller tile", count);
    return memory;
}

static long side(const char **text, const char *whole)
{
    char *end;
    const long number = strtol(*text, &end, 10);
    if (end == *text || number < 1 || number > MAX_SIDE)
        STOP("AIMC_TILE is \"%s\": give ROWSxCOLUMNS of 1 to %d, several tiles joined by +", whole,
             MAX_SIDE);
    *text = end;
    return number;
}

/* A thread's tiles are made when it first uses one. */
static void make_tiles(void)
{
    const char *whole = getenv("AIMC_TILE");
    const char *text = whole = whole ? whole : "1024x1024";
    for (;;) {
        if (tile_count == MAX_TILES) STOP("AIMC_TILE names more than %d tiles", MAX_TILES);
        Tile *tile = &tiles[tile_count];
        tile->rows = side(&text, whole);
        if (*text++ != 'x') STOP("AIMC_TILE is \"%s\": give ROWSxCOLUMNS", whole);
        tile->columns = side(&text, whole);
        tile->cells = zeros(tile->rows * tile->columns, sizeof *tile->cells);
        tile->inputs = zeros(tile->rows, sizeof *tile->inputs);
        tile->outputs = zeros(tile->columns, sizeof *tile->outputs);
        tile->lsb = zeros(tile->columns, sizeof *tile->lsb);
        for (long column = 0; column < tile->columns; column++) tile->lsb[column] = 1.0;
        tile_count++;
        if (!*text) return;
        if (*text++ != '+') STOP("AIMC_TILE is \"%s\": join several tiles by +", whole);
    }
}

static Tile *tile_now(void)
{
    if (!tile_count) make_tiles();
    return &tiles[selected];
}

void aimc_use_tile(int tid)
{
    if (!tile_count) make_tiles();
    if (tid < 0 || tid >= tile_count)
        STOP("tile %d: the core has tiles 0 to %d; AIMC_TILE names them", tid, tile_count - 1);
    selected = tid;
}

void aimc_expect_matrix(int column, int row, int height, int width, int tid)
{
    aimc_use_tile(tid);
    const Tile *tile = tile_now();
    if (column < 0 || row < 0 || height < 1 || width < 1)
        STOP("matrix of %d x %d at word line %d and bit line %d: sizes start at 1, lines at 0",
             height, width, row, column);
    if ((long)row + height > tile->rows || (long)column + width > tile->columns)
        STOP("matrix of %d inputs and %d outputs needs word lines %d to %ld and bit lines %d to "
             "%ld, but the tile has %ld x %ld",
             height, width, row, (long)row + height - 1, column, (long)column + width - 1,
             tile->rows, tile->columns);
}

void aimc_expect_number(double value)
{
    if (isnan(value)) STOP("a value is not a number: it has no code");
}

void aimc_expect_range(double max)
{
    if (!(max > 0.0) || isinf(max)) STOP("max is %g: it must be positive and finite", max);
}

void aimc_adc(int column, int count, const float *lsb, int tid)
{
    aimc_use_tile(tid);
    Tile *tile = tile_now();
    if (column < 0 || count < 0 || (long)column + count > tile->columns)
        STOP("ADC codes of bit lines %d to %ld: the tile has %ld", column,
             (long)column + count - 1, tile->columns);
    for (int i = 0; i < count; i++) {
        if (!(lsb[i] > 0.0F) || isinf(lsb[i]))
            STOP("an ADC code of bit line %d is %g: it must be positive and finite", column + i,
                 (double)lsb[i]);
        tile->lsb[column + i] = (double)lsb[i];
    }
}

static void check_count(uint64_t count)
{
    if (count < 1 || count > GROUP)
        STOP("%llu codes in one instruction: 1 to 4 fit", (unsigned long long)count);
}

static void queue(Tile *tile, uint64_t codes, uint64_t count, long index)
{
    for (uint64_t lane = 0; lane < count; lane++)
        tile->inputs[index + (long)lane] = (int8_t)(uint8_t)(codes >> (8 * lane));
}

void aimc_queue_codes(uint64_t codes, uint64_t count)
{
    Tile *tile = tile_now();
    check_count(count);
    if (tile->queued + (long)count > tile->rows)
        STOP("vector longer than the tile: word line %ld, but it has %ld",
             tile->queued + (long)count - 1, tile->rows);
    queue(tile, codes, count, tile->queued);
    tile->queued += (long)count;
}

void aimc_queue_group(uint64_t codes) { aimc_queue_codes(codes, GROUP); }

void aimc_queue_codes_at(uint64_t codes, uint64_t count, uint64_t index)
{
    Tile *tile = tile_now();
    check_count(count);
    if (index >= (uint64_t)tile->rows || (long)index + (long)count > tile->rows)
        STOP("word lines %llu to %llu: the tile has %ld", (unsigned long long)index,
             (unsigned long long)(index + count - 1), tile->rows);
    queue(tile, codes, count, (long)index);
}

static uint64_t dequeue(Tile *tile, uint64_t count, long index)
{
    uint64_t codes = 0;
    if (!tile->processed) STOP("dequeue before process: there are no outputs yet");
    for (uint64_t lane = 0; lane < count; lane++)
        codes |= (uint64_t)(uint8_t)tile->outputs[index + (long)lane] << (8 * lane);
    return codes;
}

uint64_t aimc_dequeue_codes(uint64_t count)
{
    Tile *tile = tile_now();
    check_count(count);
    if (tile->dequeued + (long)count > tile->columns)
        STOP("vector longer than the tile: bit line %ld, but it has %ld",
             tile->dequeued + (long)count - 1, tile->columns);
    const uint64_t codes = dequeue(tile, count, tile->dequeued);
    tile->dequeued += (long)count;
    return codes;
}

uint64_t aimc_dequeue_codes_at(uint64_t count, uint64_t index)
{
    Tile *tile = tile_now();
    check_count(count);
    if (index >= (uint64_t)tile->columns || (long)index + (long)count > tile->columns)
        STOP("bit lines %llu to %llu: the tile has %ld", (unsigned long long)index,
             (unsigned long long)(index + count - 1), tile->columns);
    return dequeue(tile, count, (long)index);
}

uint64_t aimc_process_vector(void)
{
    Tile *tile = tile_now();
    for (long column = 0; column < tile->columns; column++) {
        const int8_t *cells = tile->cells + column * tile->rows;
        int32_t total = 0;
        for (long row = 0; row < tile->rows; row++) total += cells[row] * tile->inputs[row];
        /* Halves go to even: the rounding mode that a C program starts in. */
        const double code = rint(total / tile->lsb[column]);
        tile->outputs[column] = (int8_t)(code < -128.0 ? -128.0 : code > 127.0 ? 127.0 : code);
    }
    memset(tile->inputs, 0, (size_t)tile->rows);
    tile->queued = tile->dequeued = 0;
    tile->processed = 1;
    return 0;
}

static int8_t *cell(uint64_t column, uint64_t row)
{
    Tile *tile = tile_now();
    if (column >= (uint64_t)tile->columns || row >= (uint64_t)tile->rows)
        STOP("cell at word line %llu and bit line %llu: the tile has %ld x %ld",
             (unsigned long long)row, (unsigned long long)column, tile->rows, tile->columns);
    return tile->cells + (long)column * tile->rows + (long)row;
}

uint64_t aimc_initialize_cell(uint64_t column, uint64_t row, uint64_t weight)
{
    *cell(column, row) = (int8_t)(uint8_t)weight;
    return 0;
}

uint64_t aimc_read_cell(uint64_t column, uint64_t row)
{
    return (uint64_t)(int64_t)*cell(column, row);
}
