// SPDX-License-Identifier: Apache-2.0
// Products of an analog array and their conversion, with the bits of this package's Python.
//
// Copies of noise.py (philox, normal), exact.py (log), reading.py (multiply) and adc_kernel.py
// (convert) for engines without Python in their loop. Compile with -ffp-contract=off: a fused
// multiplication and addition rounds once where Python rounds twice. A test compares all of it.

#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define ALPINE_CLONES \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ALPINE_CLONES
#endif

namespace alpine_analog {

// Counter word 2 and both key words of a NoiseKey.
struct Key {
    uint32_t k0, k1, c2;
};

// Values of Effect that change with the product.
constexpr uint32_t kReadProduct = 2, kAdcNoise = 11;

constexpr int kDriveUnits = 16;
constexpr int kBlock = 256;
constexpr int kVectors = 8;  // multiplied together

inline std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, uint32_t k0, uint32_t k1) {
    for (int round = 0; round < 10; ++round) {
        const uint64_t p0 = uint64_t{0xD2511F53} * c[0], p1 = uint64_t{0xCD9E8D57} * c[2];
        c = {uint32_t(p1 >> 32) ^ c[1] ^ k0, uint32_t(p1), uint32_t(p0 >> 32) ^ c[3] ^ k1,
             uint32_t(p0)};
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    return c;
}

inline double log(double x) {
    int exponent;
    double mantissa = std::frexp(x, &exponent);
    if (mantissa < 0.7071067811865476) {
        mantissa *= 2.0;
        --exponent;
    }
    const double s = (mantissa - 1.0) / (mantissa + 1.0), s2 = s * s;
    double series = 1.0 / 25.0;
    for (int k = 23; k > 0; k -= 2) series = series * s2 + 1.0 / k;
    return exponent * 0.6931471803691238 + (exponent * 1.9082149292705877e-10 + 2.0 * s * series);
}

inline double normal(uint32_t word) {
    const double p = (double(word) + 0.5) * 0x1p-32, q = p - 0.5;
    if (std::fabs(q) <= 0.5 - 0.02425) {
        const double r = q * q;
        double top = -39.69683028665376, bottom = -54.47609879822406;
        for (double c : {220.9460984245205, -275.9285104469687, 138.3577518672690,
                         -30.66479806614716, 2.506628277459239})
            top = top * r + c;
        for (double c :
             {161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1.0})
            bottom = bottom * r + c;
        return top * q / bottom;
    }
    const double r = std::sqrt(-2.0 * log(std::min(p, 1.0 - p)));
    double top = -0.007784894002430293, bottom = 0.007784695709041462;
    for (double c : {-0.3223964580411365, -2.400758277161838, -2.549732539343734,
                     4.374664141464968, 2.938163982698783})
        top = top * r + c;
    for (double c : {0.3224671290700398, 2.445134137142996, 3.754408661907416, 1.0})
        bottom = bottom * r + c;
    return q < 0.0 ? top / bottom : -(top / bottom);
}

// One standard normal number per line from `first` on, as fill_line_normals.
inline void line_normals(Key key, uint64_t product, uint32_t effect, int first, int lines,
                         double* values) {
    const uint32_t c1 = uint32_t(product), c3 = uint32_t(product >> 32) << 8 | effect;
    const int end = first + lines;
    for (int line = first; line < end;) {
        const auto words = philox({uint32_t(line) >> 2, c1, key.c2, c3}, key.k0, key.k1);
        do {
            values[line - first] = normal(words[line & 3]);
        } while (++line < end && (line & 3));
    }
}

// Exact sums of one line of cells times `B` vectors; 256 products stay below 2^31.
//
// The cells of a block are widened once, so that they and the block of every vector stay in the
// processor's nearest cache while all vectors take their turn.
template <int B, typename Cell>
inline __attribute__((always_inline)) void dot(const Cell* cells, const int16_t* x, int64_t stride,
                                               int rows, int64_t* sums, int64_t sum_stride) {
    int64_t total[B] = {};
    for (int start = 0; start < rows; start += kBlock) {
        const int length = std::min(kBlock, rows - start);
        int16_t widened[kBlock];
        for (int i = 0; i < length; ++i) widened[i] = cells[start + i];
        for (int b = 0; b < B; ++b) {
            const int16_t* codes = x + b * stride + start;
            int32_t part = 0;
            if (length == kBlock)
                for (int i = 0; i < kBlock; ++i) part += int32_t(widened[i]) * int32_t(codes[i]);
            else
                for (int i = 0; i < length; ++i) part += int32_t(widened[i]) * int32_t(codes[i]);
            total[b] += part;
        }
    }
    for (int b = 0; b < B; ++b) sums[b * sum_stride] = total[b];
}

// Rows of each column that hold anything; the others add nothing to any sum.
struct Extent {
    int32_t begin, end;
};

// Rectangle of an array: `rows` from `row`, `columns` from `column`.
struct Window {
    int row, rows, column, columns;
};

// Fill `sums` [n, window.columns] for vectors `x` [n, window.rows], n up to kVectors.
template <typename Cell>
inline __attribute__((always_inline)) void sum_products(const Cell* cells, int64_t cell_stride,
                                                        const Extent* extents, Window window,
                                                        const int16_t* x, int n, int64_t* sums) {
    for (int j = 0; j < window.columns; ++j) {
        const int column = window.column + j;
        const int begin = std::max(window.row, extents[column].begin);
        const int rows = std::min(window.row + window.rows, extents[column].end) - begin;
        const Cell* line = cells + column * cell_stride + begin;
        const int16_t* first = x + (begin - window.row);
        int done = 0;
        if (n == kVectors) {
            dot<kVectors>(line, first, window.rows, rows, sums + j, window.columns);
            done = n;
        }
        for (; done < n; ++done)
            dot<1>(line, first + int64_t(done) * window.rows, 0, rows,
                   sums + int64_t(done) * window.columns + j, 0);
    }
}

ALPINE_CLONES static void sums_of(const int16_t* cells, int64_t cell_stride, const Extent* extents,
                                  Window window, const int16_t* x, int n, int64_t* sums) {
    sum_products(cells, cell_stride, extents, window, x, n, sums);
}

ALPINE_CLONES static void sums_of(const uint8_t* cells, int64_t cell_stride, const Extent* extents,
                                  Window window, const int16_t* x, int n, int64_t* sums) {
    sum_products(cells, cell_stride, extents, window, x, n, sums);
}

// Members of a PcmReading; arrays are [columns, rows] and [columns].
struct Reading {
    int rows, columns;
    const int16_t* conductances;
    const uint8_t* variance_steps;
    const double* variance_unit;
    const Extent* extents;
    bool noisy;
    Key key;
};

// Fill `sums` [n, window.columns] for drives [n, window.rows], as PcmReading.multiply; vector i is
// product number first + i * step. n is at most kVectors.
static void multiply(const Reading& reading, Window window, const int16_t* drives, int n,
                     uint64_t first, uint64_t step, int64_t* sums) {
    const size_t inputs = size_t(n) * window.rows, outputs = size_t(n) * window.columns;
    std::vector<int16_t> codes(inputs), rest(inputs), squares(inputs);
    bool fractions = false;
    for (size_t i = 0; i < inputs; ++i) {
        codes[i] = int16_t((drives[i] + kDriveUnits / 2) >> 4);  // to the nearest, halves up
        rest[i] = int16_t(drives[i] - codes[i] * kDriveUnits);
        squares[i] = int16_t(codes[i] * codes[i]);
        fractions |= rest[i] != 0;
    }
    std::vector<int64_t> part(outputs);
    sums_of(reading.conductances, reading.rows, reading.extents, window, codes.data(), n, sums);
    for (size_t i = 0; i < outputs; ++i) sums[i] *= kDriveUnits;
    if (fractions) {
        sums_of(reading.conductances, reading.rows, reading.extents, window, rest.data(), n,
                part.data());
        for (size_t i = 0; i < outputs; ++i) sums[i] += part[i];
    }
    if (!reading.noisy) return;
    sums_of(reading.variance_steps, reading.rows, reading.extents, window, squares.data(), n,
            part.data());
    std::vector<double> normals(window.columns);
    for (int v = 0; v < n; ++v) {
        line_normals(reading.key, first + v * step, kReadProduct, window.column, window.columns,
                     normals.data());
        for (int j = 0; j < window.columns; ++j) {
            const size_t i = size_t(v) * window.columns + j;
            const double unit = reading.variance_unit[window.column + j];
            const double deviation = std::sqrt(double(part[i]) * unit) * kDriveUnits;
            sums[i] += int64_t(std::rint(deviation * normals[j]));
        }
    }
}

// Arguments of adc_kernel.convert; arrays are [columns], absent effects are 0.
struct Adcs {
    const double *units_per_code, *gains, *offsets, *bends_positive, *bends_negative, *scales,
        *corrections, *compensation;
    double saturation, noise, error, counts;
    int step;
    Key key;
};

// Fill int8 `codes` [columns] for the sums of one product, as ColumnAdcs.codes; `columns` of them
// from `first` on.
static void convert(const Adcs& adc, int first, int columns, const int64_t* sums, uint64_t product,
                    int8_t* codes) {
    const bool noisy = adc.noise > 0.0 || adc.error > 0.0;
    std::vector<double> normals(noisy ? columns : 0);
    if (noisy) line_normals(adc.key, product, kAdcNoise, first, columns, normals.data());
    for (int j = 0; j < columns; ++j) {
        const int column = first + j;
        double signal = double(sums[j]) / adc.units_per_code[column];
        if (adc.saturation > 0.0) {
            const double limit = adc.saturation * 127.0;
            signal = std::min(std::max(signal, -limit), limit);
        }
        const double size = std::fabs(signal) / 127.0;
        const double bend =
            signal > 0.0 ? adc.bends_positive[column] : adc.bends_negative[column];
        if (bend != 0.0) signal = signal * (1.0 + bend) / (1.0 + bend * size);
        signal = signal * adc.gains[column] + adc.offsets[column];
        if (noisy) signal = signal + (adc.noise * std::sqrt(size) + adc.error) * normals[j];
        if (adc.counts > 0.0) {
            const double count = std::rint(signal * adc.counts / 127.0);
            signal = std::min(std::max(count, -4095.0), 4095.0) * 127.0 / adc.counts;
        }
        signal = (signal - adc.corrections[column]) * adc.scales[column];
        signal = signal * adc.compensation[column];
        const double code = std::rint(signal / adc.step);
        codes[j] = int8_t(
            std::min(std::max(code, -128.0 / adc.step), 128.0 / adc.step - 1.0) * adc.step);
    }
}

}  // namespace alpine_analog
