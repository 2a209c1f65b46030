/* SPDX-License-Identifier: Apache-2.0
 *
 * The functions of alpine_models.activations, which give the same bits on every machine: float64
 * sums, products and quotients, rounded to float32 at the end. Compile with -ffp-contract=off. */
#ifndef EXACT_MATH_H
#define EXACT_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* exp(x) = power + rest, with power = 2^n. */
typedef struct {
    double power, rest;
} exact_powers;

static inline exact_powers exact_power(double x)
{
    const double n = nearbyint(x * 1.4426950408889634);
    const double r = (x - n * (2977044471.0 / 4294967296.0)) - n * 1.9082149292705877e-10;
    const uint64_t bits = (uint64_t)((int64_t)n + 1023) << 52;
    double series = 1.0;
    exact_powers found;
    for (int term = 13; term > 1; term--) series = 1.0 + series * (r * (1.0 / term));
    memcpy(&found.power, &bits, sizeof bits);
    found.rest = found.power * (series * r);
    return found;
}

static inline double exact_argument(float value)
{
    return value > 80.0F ? 80.0 : value < -80.0F ? -80.0 : (double)value;
}

static inline float exact_exp(float value)
{
    const exact_powers e = exact_power(exact_argument(value));
    return (float)(e.power + e.rest);
}

static inline float exact_sigmoid(float value)
{
    const exact_powers e = exact_power(-exact_argument(value));
    return (float)(1.0 / (1.0 + (e.power + e.rest)));
}

static inline float exact_tanh(float value)
{
    const double x = exact_argument(value);
    const exact_powers e = exact_power(2.0 * fabs(x));
    const double less_one = (e.power - 1.0) + e.rest;
    return (float)copysign(less_one / (less_one + 2.0), x);
}

/* The running sum has one order. */
static inline void exact_softmax(int size, const float *values, float *results)
{
    float most = values[0], total = 0.0F;
    for (int i = 1; i < size; i++) most = values[i] > most ? values[i] : most;
    for (int i = 0; i < size; i++) {
        results[i] = exact_exp(values[i] - most);
        total += results[i];
    }
    for (int i = 0; i < size; i++) results[i] /= total;
}

#endif
