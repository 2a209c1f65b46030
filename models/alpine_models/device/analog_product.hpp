// Products of an analog array and their conversion, with the bits of this package's Python.
//
// Copies of noise.py (philox, normal), exact.py (log), reading.py (multiply) and adc_kernel.py
// (convert) for engines without Python in their loop. Compile with -ffp-contract=off: a fused
// multiplication and addition rounds once where Python rounds twice. A test compares all of it.

#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define ALPINE_CLONES __attribute__((target_clones("default", "arch=haswell", "arch=skylake-avx512")))
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

// One standard normal number per line, as fill_line_normals.
inline void line_normals(Key key, uint64_t product, uint32_t effect, int lines, double* values) {
    const uint32_t c1 = uint32_t(product), c3 = uint32_t(product >> 32) << 8 | effect;
    for (int line = 0; line < lines; line += 4) {
        const auto words = philox({uint32_t(line) >> 2, c1, key.c2, c3}, key.k0, key.k1);
        for (int i = 0; i < std::min(4, lines - line); ++i) values[line + i] = normal(words[i]);
    }
}

// Exact sum of products; 256 of them stay below 2^31.
template <typename Cell>
inline int64_t dot(const Cell* cells, const int16_t* x, int rows) {
    int64_t total = 0;
    int start = 0;
    for (; start + kBlock <= rows; start += kBlock) {
        int32_t part = 0;
        for (int i = 0; i < kBlock; ++i) part += int32_t(cells[start + i]) * int32_t(x[start + i]);
        total += part;
    }
    int32_t part = 0;
    for (; start < rows; ++start) part += int32_t(cells[start]) * int32_t(x[start]);
    return total + part;
}

ALPINE_CLONES static void dots(const int16_t* cells, const int16_t* x, int rows, int columns,
                               int64_t* sums) {
    for (int column = 0; column < columns; ++column)
        sums[column] = dot(cells + int64_t(column) * rows, x, rows);
}

ALPINE_CLONES static void dots(const uint8_t* cells, const int16_t* x, int rows, int columns,
                               int64_t* sums) {
    for (int column = 0; column < columns; ++column)
        sums[column] = dot(cells + int64_t(column) * rows, x, rows);
}

// Members of a PcmReading; arrays are [columns, rows] and [columns].
struct Reading {
    int rows, columns;
    const int16_t* conductances;
    const uint8_t* variance_steps;
    const double* variance_unit;
    bool noisy;
    Key key;
};

// Fill `sums` [columns] for drives [rows] of one product, as PcmReading.multiply.
static void multiply(const Reading& reading, const int16_t* drives, uint64_t product,
                     int64_t* sums) {
    const int rows = reading.rows, columns = reading.columns;
    std::vector<int16_t> codes(rows), rest(rows), squares(rows);
    bool fractions = false;
    for (int row = 0; row < rows; ++row) {
        codes[row] = int16_t((drives[row] + kDriveUnits / 2) >> 4);  // to the nearest, halves up
        rest[row] = int16_t(drives[row] - codes[row] * kDriveUnits);
        squares[row] = int16_t(codes[row] * codes[row]);
        fractions |= rest[row] != 0;
    }
    std::vector<int64_t> part(columns);
    dots(reading.conductances, codes.data(), rows, columns, sums);
    for (int column = 0; column < columns; ++column) sums[column] *= kDriveUnits;
    if (fractions) {
        dots(reading.conductances, rest.data(), rows, columns, part.data());
        for (int column = 0; column < columns; ++column) sums[column] += part[column];
    }
    if (!reading.noisy) return;
    std::vector<double> normals(columns);
    dots(reading.variance_steps, squares.data(), rows, columns, part.data());
    line_normals(reading.key, product, kReadProduct, columns, normals.data());
    for (int column = 0; column < columns; ++column) {
        const double deviation =
            std::sqrt(double(part[column]) * reading.variance_unit[column]) * kDriveUnits;
        sums[column] += int64_t(std::rint(deviation * normals[column]));
    }
}

// Arguments of adc_kernel.convert; arrays are [columns], absent effects are 0.
struct Adcs {
    int columns;
    const double *units_per_code, *gains, *offsets, *bends_positive, *bends_negative, *scales,
        *corrections, *compensation;
    double saturation, noise, error, counts;
    int step;
    Key key;
};

// Fill int8 `codes` [columns] for the sums of one product, as ColumnAdcs.codes.
static void convert(const Adcs& adc, const int64_t* sums, uint64_t product, int8_t* codes) {
    const bool noisy = adc.noise > 0.0 || adc.error > 0.0;
    std::vector<double> normals(noisy ? adc.columns : 0);
    if (noisy) line_normals(adc.key, product, kAdcNoise, adc.columns, normals.data());
    for (int column = 0; column < adc.columns; ++column) {
        double signal = double(sums[column]) / adc.units_per_code[column];
        if (adc.saturation > 0.0) {
            const double limit = adc.saturation * 127.0;
            signal = std::min(std::max(signal, -limit), limit);
        }
        const double size = std::fabs(signal) / 127.0;
        const double bend =
            signal > 0.0 ? adc.bends_positive[column] : adc.bends_negative[column];
        if (bend != 0.0) signal = signal * (1.0 + bend) / (1.0 + bend * size);
        signal = signal * adc.gains[column] + adc.offsets[column];
        if (noisy) signal = signal + (adc.noise * std::sqrt(size) + adc.error) * normals[column];
        if (adc.counts > 0.0) {
            const double count = std::rint(signal * adc.counts / 127.0);
            signal = std::min(std::max(count, -4095.0), 4095.0) * 127.0 / adc.counts;
        }
        signal = (signal - adc.corrections[column]) * adc.scales[column];
        signal = signal * adc.compensation[column];
        const double code = std::rint(signal / adc.step);
        codes[column] = int8_t(
            std::min(std::max(code, -128.0 / adc.step), 128.0 / adc.step - 1.0) * adc.step);
    }
}

}  // namespace alpine_analog
