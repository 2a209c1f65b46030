/* SPDX-License-Identifier: Apache-2.0
 * One layer through the library's forms; also compiled as C++. */
#include <stdio.h>

#include "aimclib.h"

enum { INPUTS = 13, OUTPUTS = 6, ROW = 2, COLUMN = 8 };

static void print_codes(const int8_t *codes)
{
    for (int i = 0; i < OUTPUTS; i++) printf("%d ", codes[i]);
    printf("\n");
}

int main(void)
{
    static int8_t weights[INPUTS * OUTPUTS];
    static double real[INPUTS * OUTPUTS];
    int8_t *rows[INPUTS];
    int8_t x[INPUTS], y[OUTPUTS];
    float v[INPUTS], w[OUTPUTS];
    const float lsb[OUTPUTS] = {1, 2, 3.5F, 40, 50, 60};

    for (int i = 0; i < INPUTS * OUTPUTS; i++) {
        weights[i] = (int8_t)(i * 37 % 255 - 127);
        real[i] = weights[i];
    }
    for (int i = 0; i < INPUTS; i++) {
        rows[i] = weights + i * OUTPUTS;
        x[i] = (int8_t)(i * 11 - 60);
        v[i] = (float)x[i] / 127.0F;
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
    const int8_t none[ROW] = {0, 0};
    int8_t skipped[COLUMN];
    queueVector(ROW, none);
    queueVector(INPUTS, 1.0F, v);
    aimcProcess(0);
    dequeueVector(COLUMN, skipped);
    dequeueVector(OUTPUTS, 1.0F, w);
    for (int i = 0; i < OUTPUTS; i++) printf("%.9g ", (double)w[i]);
    printf("\n");

    /* A matrix given by its rows replaces the first. */
    if (mapMatrix(COLUMN, ROW, INPUTS, OUTPUTS, rows)) return 1;
    queueVectorAt(INPUTS, x, ROW, 0);
    aimcProcess(0);
    dequeueVectorAt(OUTPUTS, y, COLUMN, 0);
    print_codes(y);

    /* Values whose largest is 127 are the codes. */
    if (mapMatrix(COLUMN, ROW, INPUTS, OUTPUTS, 127.0, real)) return 1;
    queueVectorAt(INPUTS, x, ROW, 0);
    aimcProcess(0);
    dequeueVectorAt(OUTPUTS, y, COLUMN, 0);
    print_codes(y);
    return 0;
}
