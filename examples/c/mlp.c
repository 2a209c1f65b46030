/* SPDX-License-Identifier: Apache-2.0
 *
 * The perceptron of two dense layers on one core, as case 2 of `alpine run mlp` maps it: the layers
 * side by side in one tile, two products per image. Writes the outputs' codes, a byte each, to
 * standard output. */
#include <string.h>

#include "aimclib.h"
#include "network_file.h"

static void infer(const int8_t *image, int8_t *result, const int *sizes, int8_t *vector,
                  int8_t *hidden, int8_t *outputs)
{
    aimc_begin("input load");
    memcpy(vector, image, (size_t)sizes[0]);
    aimc_end();
    aimc_begin("analog queue");
    queueVector(sizes[0], vector);
    aimc_end();
    aimc_begin("analog process");
    aimcProcess();
    aimc_end();
    aimc_begin("analog dequeue");
    dequeueVectorAt(sizes[1], hidden, 0, 0);
    aimc_end();
    aimc_begin("activation");
    aimc_relu(sizes[1], hidden);
    aimc_end();
    aimc_begin("analog queue");
    queueVector(sizes[1], hidden);
    aimc_end();
    aimc_begin("analog process");
    aimcProcess();
    aimc_end();
    aimc_begin("analog dequeue");
    dequeueVectorAt(sizes[2], outputs, sizes[1], 0);
    aimc_end();
    aimc_begin("activation");
    aimc_relu(sizes[2], outputs);
    aimc_end();
    aimc_begin("output writeback");
    memcpy(result, outputs, (size_t)sizes[2]);
    aimc_end();
}

int main(int argc, char **argv)
{
    FILE *file = open_network(argc, argv);
    int sizes[3];
    for (int i = 0; i < 3; i++) sizes[i] = read_number(file);
    const int count = read_number(file);
    for (int layer = 0; layer < 2; layer++) {
        const int inputs = sizes[layer], outputs = sizes[layer + 1];
        const int column = layer ? sizes[1] : 0;
        int8_t *weights = read_codes(file, (size_t)inputs * (size_t)outputs);
        float *lsb = read_values(file, (size_t)outputs);
        if (mapMatrix(column, 0, inputs, outputs, weights)) return 1;
        aimc_adc(column, outputs, lsb, 0);
        free(weights);
        free(lsb);
    }
    int8_t *images = read_codes(file, (size_t)count * (size_t)sizes[0]);
    int8_t *results = (int8_t *)malloc((size_t)count * (size_t)sizes[2]);
    int8_t *vector = (int8_t *)malloc((size_t)sizes[0]);
    int8_t *hidden = (int8_t *)malloc((size_t)sizes[1]);
    int8_t *outputs = (int8_t *)malloc((size_t)sizes[2]);

    aimc_begin("roi");
    for (int i = 0; i < count; i++)
        infer(images + (size_t)i * (size_t)sizes[0], results + (size_t)i * (size_t)sizes[2],
              sizes, vector, hidden, outputs);
    aimc_end();

    fwrite(results, (size_t)sizes[2], (size_t)count, stdout);
    free(images);
    free(results);
    free(vector);
    free(hidden);
    free(outputs);
    return fclose(file);
}
