/* SPDX-License-Identifier: Apache-2.0 */
/* Every hart adds its number and its arguments' lengths; hart 0 prints and returns the sum. */
#include "alpine_imc_cluster.h"

static volatile uint32_t sums[16];

static uint32_t length(const char *text) {
    uint32_t count = 0;
    while (text[count]) ++count;
    return count;
}

int main(int argc, char **argv) {
    uint32_t hart = alpine_hart(), sum = 0;
    for (int i = 1; i < argc; ++i) sum += length(argv[i]);
    sums[hart] = sum + hart;
    alpine_barrier(0);
    if (hart) return 0;
    uint32_t total = 0;
    for (uint32_t i = 0; i < alpine_core_count; ++i) total += sums[i];
    char line[] = "hart 0 of 00\n";
    line[10] = (char)('0' + alpine_core_count / 10);
    line[11] = (char)('0' + alpine_core_count % 10);
    alpine_write(1, line, sizeof line - 1);
    return (int)total;
}
