/* SPDX-License-Identifier: Apache-2.0
 *
 * An LSTM cell and a dense layer with softmax on one core, as case 2 of `alpine run lstm-256` maps
 * them: beside each other in one tile, two products per symbol. Writes the probabilities of what
 * comes next, float32, to standard output. */
#include "aimclib.h"
#include "exact_math.h"
#include "network_file.h"

enum { INPUT, FORGET, OUTPUT, CANDIDATE, GATES };

/* What the program keeps; vectors [h, x], the gates, c and h have float32 values. */
typedef struct {
    int hidden, inputs, outputs;
    float gate_scale, logit_scale;
    int8_t *codes;
    float *vector, *gates, *c, *squashed, *h, *logits;
} network;

static void dequeue_scaled(int size, float *values, int8_t *codes, int column, float scale)
{
    dequeueVectorAt(size, codes, column, 0);
    for (int i = 0; i < size; i++) values[i] = (float)codes[i] * scale;
}

static void advance_cell(network *net)
{
    const int hidden = net->hidden;
    float *gate[GATES];
    for (int i = 0; i < GATES; i++) gate[i] = net->gates + i * hidden;
    aimc_begin("cell activation");
    for (int i = 0; i < CANDIDATE * hidden; i++) net->gates[i] = exact_sigmoid(net->gates[i]);
    for (int i = 0; i < hidden; i++) gate[CANDIDATE][i] = exact_tanh(gate[CANDIDATE][i]);
    aimc_end();
    aimc_begin("gate combination");
    for (int i = 0; i < hidden; i++)
        net->c[i] = gate[FORGET][i] * net->c[i] + gate[INPUT][i] * gate[CANDIDATE][i];
    for (int i = 0; i < hidden; i++) net->squashed[i] = exact_tanh(net->c[i]);
    for (int i = 0; i < hidden; i++) net->h[i] = gate[OUTPUT][i] * net->squashed[i];
    aimc_end();
}

static void read_symbol(network *net, const float *x, float *result)
{
    const int hidden = net->hidden, inputs = net->inputs;
    aimc_begin("input load");
    memcpy(net->vector, net->h, (size_t)hidden * sizeof(float));
    memcpy(net->vector + hidden, x, (size_t)inputs * sizeof(float));
    aimc_end();
    aimc_begin("cell queue");
    queueVector(hidden + inputs, 1.0F, net->vector);
    aimc_end();
    aimc_begin("analog process");
    aimcProcess();
    aimc_end();
    aimc_begin("cell dequeue");
    dequeue_scaled(GATES * hidden, net->gates, net->codes, 0, net->gate_scale);
    aimc_end();
    advance_cell(net);
    aimc_begin("dense queue");
    queueVector(hidden, 1.0F, net->h);
    aimc_end();
    aimc_begin("analog process");
    aimcProcess();
    aimc_end();
    aimc_begin("dense dequeue");
    dequeue_scaled(net->outputs, net->logits, net->codes, GATES * hidden, net->logit_scale);
    aimc_end();
    aimc_begin("softmax");
    exact_softmax(net->outputs, net->logits, net->logits);
    aimc_end();
    aimc_begin("output writeback");
    memcpy(result, net->logits, (size_t)net->outputs * sizeof(float));
    aimc_end();
}

static void map(FILE *file, int column, int inputs, int outputs)
{
    int8_t *weights = read_codes(file, (size_t)inputs * (size_t)outputs);
    float *lsb = read_values(file, (size_t)outputs);
    if (mapMatrix(column, 0, inputs, outputs, weights)) exit(1);
    aimc_adc(column, outputs, lsb, 0);
    free(weights);
    free(lsb);
}

static float *zeros(int count) { return (float *)calloc((size_t)count, sizeof(float)); }

int main(int argc, char **argv)
{
    FILE *file = open_network(argc, argv);
    network net;
    net.hidden = read_number(file);
    net.inputs = read_number(file);
    net.outputs = read_number(file);
    const int count = read_number(file), width = net.hidden + net.inputs;
    float *scales = read_values(file, 2);
    net.gate_scale = scales[0];
    net.logit_scale = scales[1];
    map(file, 0, width, GATES * net.hidden);
    map(file, GATES * net.hidden, net.hidden, net.outputs);
    float *symbols = read_values(file, (size_t)count * (size_t)net.inputs);
    float *results = zeros(count * net.outputs);
    net.codes = (int8_t *)malloc(GATES * (size_t)net.hidden + (size_t)net.outputs);
    net.vector = zeros(width);
    net.gates = zeros(GATES * net.hidden);
    net.c = zeros(net.hidden);
    net.squashed = zeros(net.hidden);
    net.h = zeros(net.hidden);
    net.logits = zeros(net.outputs);

    aimc_begin("roi");
    for (int i = 0; i < count; i++)
        read_symbol(&net, symbols + i * net.inputs, results + i * net.outputs);
    aimc_end();

    fwrite(results, sizeof(float), (size_t)count * (size_t)net.outputs, stdout);
    float *const all[] = {scales,  symbols, results, net.vector,  net.gates,
                          net.c,   net.h,   net.logits, net.squashed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
    free(net.codes);
    return fclose(file);
}
