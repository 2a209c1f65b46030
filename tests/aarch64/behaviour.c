/* SPDX-License-Identifier: Apache-2.0
 * Does what the first argument says: what a Linux program may do, and what stops one. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "aimclib.h"

static int deep(volatile char *above)
{
    volatile char frame[4096];
    frame[0] = above[0];
    return deep(frame) + frame[0];
}

static void *nothing(void *argument) { return argument; }

static int read_file(const char *name)
{
    char text[64];
    FILE *file = fopen(name, "r");
    if (!file) {
        perror(name);
        return 1;
    }
    while (fgets(text, sizeof text, file)) fputs(text, stdout);
    return fclose(file);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int8_t codes[4] = {1, 2, 3, 4};
    volatile int *nowhere = 0;
    pthread_t thread;
    struct timespec now;

    if (!strcmp(what, "arguments"))
        for (int i = 1; i < argc; i++) printf("%s;", argv[i]);
    if (!strcmp(what, "environment")) printf("%s", getenv("GREETING"));
    if (!strcmp(what, "status")) return 42;
    if (!strcmp(what, "errors")) fputs("to standard error\n", stderr);
    if (!strcmp(what, "read")) return read_file(argv[2]);
    if (!strcmp(what, "write")) return open(argv[2], O_WRONLY | O_CREAT, 0600) >= 0;
    if (!strcmp(what, "input")) printf("%d", getchar());
    if (!strcmp(what, "clock")) {
        struct timespec then;
        clock_gettime(CLOCK_MONOTONIC, &then);
        for (volatile int i = 0; i < 1000; i++) continue;
        clock_gettime(CLOCK_MONOTONIC, &now);
        printf("%ld", (now.tv_sec - then.tv_sec) * 1000000000 + now.tv_nsec - then.tv_nsec);
    }
    if (!strcmp(what, "unbegun")) aimc_end();
    for (int i = 0; i < 2 && !strcmp(what, "twice"); i++) {
        aimc_begin("roi");
        aimc_end();
    }
    if (!strcmp(what, "heap")) {
        char *memory = malloc(9 << 20);
        memory[9 << 19] = 7;
        printf("%d", memory[9 << 19]);
    }
    if (!strcmp(what, "null")) return *nowhere;
    if (!strcmp(what, "stack")) return deep((char *)codes);
    if (!strcmp(what, "illegal")) __asm__ volatile(".inst 0x00000000");
    if (!strcmp(what, "call")) return (int)syscall(999);
    if (!strcmp(what, "thread")) return pthread_create(&thread, 0, nothing, 0);
    if (!strcmp(what, "abort")) abort();
    if (!strcmp(what, "endless"))
        for (;;) __asm__ volatile("");
    if (!strcmp(what, "cm")) queueVector(4, codes);
    if (!strcmp(what, "beyond")) queueVectorAt(4, codes, 62, 0);
    if (!strcmp(what, "second")) {
        /* Weight 3 on the second tile; the first holds nothing. */
        const int8_t three = 3, ten = 10;
        int8_t first, second;
        mapMatrixOn(1, 0, 0, 1, 1, &three);
        queueVector(1, &ten, 0);
        queueVector(1, &ten, 1);
        aimcProcess(0);
        aimcProcess(1);
        dequeueVector(1, &first, 0);
        dequeueVector(1, &second, 1);
        printf("%d %d", first, second);
    }
    return 0;
}
