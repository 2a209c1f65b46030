/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading what 17_networks_in_c.py writes: numbers of 32 bits, codes and values, one behind the
 * other, in the order in which a program asks for them. */
#ifndef NETWORK_FILE_H
#define NETWORK_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline void *read_all(FILE *file, size_t count, size_t size)
{
    void *data = malloc(count * size);
    if (!data || fread(data, size, count, file) != count) {
        fprintf(stderr, "the network's file is too short\n");
        exit(1);
    }
    return data;
}

static inline int read_number(FILE *file)
{
    int32_t *number = (int32_t *)read_all(file, 1, sizeof *number);
    const int value = *number;
    free(number);
    return value;
}

static inline int8_t *read_codes(FILE *file, size_t count)
{
    return (int8_t *)read_all(file, count, 1);
}

static inline float *read_values(FILE *file, size_t count)
{
    return (float *)read_all(file, count, sizeof(float));
}

static inline FILE *open_network(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: %s FILE, as 17_networks_in_c.py writes it\n", argv[0]);
        exit(1);
    }
    return file;
}

#endif
