/* SPDX-License-Identifier: Apache-2.0
 * Threads that use the library at once, each on its own tile. */
#define _XOPEN_SOURCE 600 /* barriers */
#include <pthread.h>
#include <stdio.h>

#include "aimclib.h"

enum { THREADS = 3 };

static int8_t result[THREADS];
static pthread_barrier_t mapped;

static void *work(void *argument)
{
    int8_t *out = argument;
    const int8_t weight = (int8_t)(out - result + 1), two = 2;
    mapMatrix(0, 0, 1, 1, &weight);
    pthread_barrier_wait(&mapped);
    queueVector(1, &two);
    aimcProcess();
    dequeueVector(1, out);
    return 0;
}

int main(void)
{
    pthread_t threads[THREADS];
    pthread_barrier_init(&mapped, 0, THREADS);
    for (int i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, work, &result[i]);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
    printf("%d %d %d\n", result[0], result[1], result[2]);
    return 0;
}
