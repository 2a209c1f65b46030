// SPDX-License-Identifier: Apache-2.0
// Crossbar with 8-bit converters: codes in, codes out. Ideal, or with the analog physics of
// alpine_models.device once a stage is installed.
//
// Weights are stored output-major (one bit line after another, each padded to whole vectors), so
// that a product is a row of independent int8 dot products, which compilers vectorise. The machine
// picks the widest version of the kernel that its processor has.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "analog_product.hpp"
#include "constants.hpp"

// alpine_cosim.hardware.crossbar.AnalogStage: everything between DAC and ADC codes at one time.
struct AnalogStage {
    alpine_analog::Reading reading;
    alpine_analog::Adcs adcs;
    const int16_t* drives;  // [rows][256], or one row of it where all word lines are alike
    int64_t drive_stride;   // 256, or 0
    const int8_t* read_back;  // [columns][rows], weights that CM_PARAM_READ finds
};

namespace {

constexpr int64_t kAlignment = 64;  // one cache line, one AVX-512 register

struct Crossbar {
    int64_t rows, columns, stride;
    int8_t* weights;   // [columns][stride]
    int8_t* inputs;    // [stride], zero beyond rows
    int32_t* sums;     // [columns]
    double* lsb;       // [columns]
    const struct AnalogStage* analog;  // or none
    uint64_t product;                  // number of the next product of the analog stage
    double seconds;                    // host time of all products
};

// Adds the host time of a scope to a sum.
class Stopwatch {
public:
    explicit Stopwatch(double& seconds) : seconds_(seconds), start_(Clock::now()) {}
    ~Stopwatch() { seconds_ += std::chrono::duration<double>(Clock::now() - start_).count(); }

private:
    using Clock = std::chrono::steady_clock;
    double& seconds_;
    Clock::time_point start_;
};

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
void products(const int8_t* weights, const int8_t* inputs, int32_t* sums, int64_t columns,
              int64_t stride) {
    for (int64_t column = 0; column < columns; ++column) {
        const int8_t* line = weights + column * stride;
        int32_t sum = 0;
        for (int64_t row = 0; row < stride; ++row)
            sum += int16_t(line[row]) * int16_t(inputs[row]);
        sums[column] = sum;
    }
}

// Products first, first + step, ... of n vectors [n, window.rows] into codes [n, window.columns].
void analog_products(const AnalogStage& stage, alpine_analog::Window window, const int8_t* codes,
                     int64_t n, uint64_t first, uint64_t step, int8_t* adc_codes) {
    constexpr int kVectors = alpine_analog::kVectors;
    const int64_t block = n < kVectors ? n : kVectors;
    std::vector<int16_t> drives(size_t(block) * window.rows);
    std::vector<int64_t> sums(size_t(block) * window.columns);
    for (int64_t done = 0; done < n; done += block) {
        const int count = int(n - done < block ? n - done : block);
        for (int v = 0; v < count; ++v) {
            const int8_t* vector = codes + (done + v) * window.rows;
            for (int row = 0; row < window.rows; ++row)
                drives[size_t(v) * window.rows + row] =
                    stage.drives[(window.row + row) * stage.drive_stride + vector[row] + 128];
        }
        const uint64_t product = first + done * step;
        alpine_analog::multiply(stage.reading, window, drives.data(), count, product, step,
                                sums.data());
        for (int v = 0; v < count; ++v)
            alpine_analog::convert(stage.adcs, window.column, window.columns,
                                   sums.data() + int64_t(v) * window.columns, product + v * step,
                                   adc_codes + (done + v) * window.columns);
    }
}

}  // namespace

extern "C" {

Crossbar* crossbar_create(int64_t rows, int64_t columns) {
    auto* xb = new Crossbar{};
    xb->rows = rows;
    xb->columns = columns;
    xb->stride = (rows + kAlignment - 1) / kAlignment * kAlignment;
    const size_t cells = size_t(columns) * xb->stride;
    xb->weights = static_cast<int8_t*>(std::aligned_alloc(kAlignment, cells));
    xb->inputs = static_cast<int8_t*>(std::aligned_alloc(kAlignment, xb->stride));
    xb->sums = new int32_t[columns]();
    xb->lsb = new double[columns];
    std::memset(xb->weights, 0, cells);
    std::memset(xb->inputs, 0, xb->stride);
    for (int64_t column = 0; column < columns; ++column) xb->lsb[column] = 1.0;
    return xb;
}

void crossbar_destroy(Crossbar* xb) {
    std::free(xb->weights);
    std::free(xb->inputs);
    delete[] xb->sums;
    delete[] xb->lsb;
    delete xb;
}

int8_t* crossbar_weights(Crossbar* xb) { return xb->weights; }
int64_t crossbar_stride(Crossbar* xb) { return xb->stride; }
double* crossbar_lsb(Crossbar* xb) { return xb->lsb; }
double crossbar_seconds(Crossbar* xb) { return xb->seconds; }

// From here on products are those of the stage, numbered from 0; without one they are ideal.
void crossbar_install(Crossbar* xb, const AnalogStage* stage) {
    xb->analog = stage;
    xb->product = 0;
}

void analog_stage_products(const AnalogStage* stage, int64_t row, int64_t rows, int64_t column,
                           int64_t columns, const int8_t* codes, int64_t n, uint64_t first,
                           uint64_t step, int8_t* adc_codes) {
    analog_products(*stage, {int(row), int(rows), int(column), int(columns)}, codes, n, first, step,
                    adc_codes);
}

// The three calls that a tile makes at its analog boundary.

void crossbar_multiply(Crossbar* xb, const int8_t* dac_codes, int8_t* adc_codes) {
    const Stopwatch stopwatch(xb->seconds);
    if (xb->analog) {
        analog_products(*xb->analog, {0, int(xb->rows), 0, int(xb->columns)}, dac_codes, 1,
                        xb->product++, 1, adc_codes);
        return;
    }
    std::memcpy(xb->inputs, dac_codes, xb->rows);
    products(xb->weights, xb->inputs, xb->sums, xb->columns, xb->stride);
    for (int64_t column = 0; column < xb->columns; ++column) {
        // nearbyint in the default rounding mode takes halves to even.
        double code = std::nearbyint(xb->sums[column] / xb->lsb[column]);
        code = std::clamp<double>(code, alpine::kCodeMin, alpine::kCodeMax);
        adc_codes[column] = int8_t(code);
    }
}

void crossbar_program(Crossbar* xb, int64_t row, int64_t column, int8_t weight) {
    xb->weights[column * xb->stride + row] = weight;
}

int8_t crossbar_read(Crossbar* xb, int64_t row, int64_t column) {
    if (xb->analog) return xb->analog->read_back[column * xb->rows + row];
    return xb->weights[column * xb->stride + row];
}

}
