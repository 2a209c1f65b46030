/* SPDX-License-Identifier: Apache-2.0 */
/* The layer of tests/sw/c_programs/layer.c on a core without floating point and C library: its
   three lines of codes, one after the other. */
#include "aimclib.h"

enum { INPUTS = 13, OUTPUTS = 6, ROW = 2, COLUMN = 8 };

static void write_text(const char *text, unsigned length)
{
    register long number __asm__("a7") = 64;
    register long descriptor __asm__("a0") = 1;
    register const char *from __asm__("a1") = text;
    register unsigned count __asm__("a2") = length;
    __asm__ volatile("ecall" : "+r"(descriptor) : "r"(number), "r"(from), "r"(count) : "memory");
}

static void print_codes(const int8_t *codes)
{
    static char line[OUTPUTS * 5 + 1];
    unsigned at = 0;
    for (int i = 0; i < OUTPUTS; i++) {
        int value = codes[i];
        if (value < 0) {
            line[at++] = '-';
            value = -value;
        }
        if (value >= 100) line[at++] = (char)('0' + value / 100);
        if (value >= 10) line[at++] = (char)('0' + value / 10 % 10);
        line[at++] = (char)('0' + value % 10);
        line[at++] = ' ';
    }
    line[at++] = '\n';
    write_text(line, at);
}

int main(void)
{
    static int8_t weights[INPUTS * OUTPUTS];
    static int8_t x[INPUTS], y[OUTPUTS];
    static int8_t *rows[INPUTS];
    static const float lsb[OUTPUTS] = {1, 2, 3.5F, 40, 50, 60};

    for (int i = 0; i < INPUTS * OUTPUTS; i++) weights[i] = (int8_t)(i * 37 % 255 - 127);
    for (int i = 0; i < INPUTS; i++) {
        x[i] = (int8_t)(i * 11 - 60);
        rows[i] = weights + i * OUTPUTS;
    }

    if (mapMatrix(COLUMN, ROW, INPUTS, OUTPUTS, weights)) return 1;
    aimc_adc(COLUMN, OUTPUTS, lsb, 0);

    aimc_begin("codes");
    queueVectorAt(INPUTS, x, ROW, 0);
    aimcProcess();
    dequeueVectorAt(OUTPUTS, y, COLUMN, 0);
    aimc_end();
    print_codes(y);

    /* Word lines 0 and 1 and bit lines 0 to 7 belong to no matrix. */
    static const int8_t none[ROW];
    static int8_t skipped[COLUMN];
    queueVector(ROW, none);
    queueVector(INPUTS, x);
    aimcProcess(0);
    dequeueVector(COLUMN, skipped);
    dequeueVector(OUTPUTS, y);
    print_codes(y);

    if (mapMatrix(COLUMN, ROW, INPUTS, OUTPUTS, rows)) return 1;
    queueVectorAt(INPUTS, x, ROW, 0);
    aimcProcess(0);
    dequeueVectorAt(OUTPUTS, y, COLUMN, 0);
    print_codes(y);
    return (int)aimc_read_cell(COLUMN, ROW) == weights[0] ? 0 : 2;
}
