/* SPDX-License-Identifier: Apache-2.0
 * Carries out one CM instruction for each line of standard input and prints what it returns. */
#include <inttypes.h>
#include <stdio.h>

#include "aimclib.h"

int main(void)
{
    char kind;
    while (scanf(" %c", &kind) == 1) {
        uint64_t a = 0, b = 0, c = 0;
        float lsb;
        switch (kind) {
        case 'l':
            if (scanf("%" SCNu64 " %f", &a, &lsb) != 2) return 1;
            aimc_adc((int)a, 1, &lsb, 0);
            break;
        case 'q':
            if (scanf("%" SCNu64 " %" SCNu64, &a, &b) != 2) return 1;
            aimc_queue_codes(a, b);
            break;
        case 'Q':
            if (scanf("%" SCNu64 " %" SCNu64 " %" SCNu64, &a, &b, &c) != 3) return 1;
            aimc_queue_codes_at(a, b, c);
            break;
        case 'd':
            if (scanf("%" SCNu64, &a) != 1) return 1;
            printf("%" PRIu64 "\n", aimc_dequeue_codes(a));
            break;
        case 'D':
            if (scanf("%" SCNu64 " %" SCNu64, &a, &b) != 2) return 1;
            printf("%" PRIu64 "\n", aimc_dequeue_codes_at(a, b));
            break;
        case 'p':
            printf("%" PRIu64 "\n", aimc_process_vector());
            break;
        case 'i':
            if (scanf("%" SCNu64 " %" SCNu64 " %" SCNu64, &a, &b, &c) != 3) return 1;
            printf("%" PRIu64 "\n", aimc_initialize_cell(a, b, c));
            break;
        case 'r':
            if (scanf("%" SCNu64 " %" SCNu64, &a, &b) != 2) return 1;
            printf("%" PRIu64 "\n", aimc_read_cell(a, b));
            break;
        default:
            return 1;
        }
    }
    return 0;
}
