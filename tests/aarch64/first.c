/* SPDX-License-Identifier: Apache-2.0 */
/* The page's first program (docs/aimclib-c.md), whose cells a compiler writes one behind the other. */
#include <stdio.h>
#include "aimclib.h"

int main(void)
{
    const int8_t weights[3][2] = {{1, 2}, {3, 4}, {5, 6}}; /* [inputs][outputs] */
    const int8_t inputs[3] = {1, 1, 2};
    int8_t outputs[2];

    mapMatrix(0, 0, 3, 2, &weights[0][0]);
    queueVector(3, inputs);
    aimcProcess();
    dequeueVector(2, outputs);
    printf("%d %d\n", outputs[0], outputs[1]); /* 14 18 */
    return 0;
}
