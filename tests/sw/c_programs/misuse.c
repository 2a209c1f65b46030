/* SPDX-License-Identifier: Apache-2.0
 * One mistake for each word, on a tile of 8 x 8; the test looks for the word's line. */
#include <string.h>

#include "aimclib.h"

static const char *asked;

static int is(const char *word) { return strcmp(asked, word) == 0; }

int main(int argc, char **argv)
{
    int8_t codes[72] = {0};
    float values[4] = {0, 1, 2, 3};
    const float sizes[2] = {1, -1};

    if (argc != 2) return 1;
    asked = argv[1];
    if (is("wide")) mapMatrix(0, 0, 8, 9, codes);
    if (is("high")) mapMatrix(0, 5, 4, 1, codes);
    if (is("negative")) mapMatrix(-1, 0, 1, 1, codes);
    if (is("early")) dequeueVector(4, codes);
    if (is("long")) queueVector(9, codes);
    aimcProcess();
    if (is("beyond")) dequeueVectorAt(2, codes, 7, 0);
    if (is("tile")) queueVector(4, codes, 1);
    values[2] = NAN;
    if (is("nan")) queueVector(4, 1.0F, values);
    if (is("max")) queueVector(4, 0.0F, values);
    aimc_checker_at(__FILE__, __LINE__ + 1);
    if (is("lsb")) aimc_adc(0, 2, sizes, 0);
    if (is("cell")) aimcParamWrite(0, 8, 1, 0);
    return 0;
}
