// Ideal crossbar with 8-bit converters: codes in, codes out.
//
// Weights are stored output-major (one bit line after another, each padded to whole vectors), so
// that a product is a row of independent int8 dot products, which compilers vectorise. The machine
// picks the widest version of the kernel that its processor has.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int64_t kAlignment = 64;  // one cache line, one AVX-512 register

struct Crossbar {
    int64_t rows, columns, stride;
    int8_t* weights;   // [columns][stride]
    int8_t* inputs;    // [stride], zero beyond rows
    int32_t* sums;     // [columns]
    double* lsb;       // [columns]
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

// The three calls that a tile makes at its analog boundary.

void crossbar_multiply(Crossbar* xb, const int8_t* dac_codes, int8_t* adc_codes) {
    std::memcpy(xb->inputs, dac_codes, xb->rows);
    products(xb->weights, xb->inputs, xb->sums, xb->columns, xb->stride);
    for (int64_t column = 0; column < xb->columns; ++column) {
        // nearbyint in the default rounding mode takes halves to even.
        double code = std::nearbyint(xb->sums[column] / xb->lsb[column]);
        code = code < -128.0 ? -128.0 : code > 127.0 ? 127.0 : code;
        adc_codes[column] = int8_t(code);
    }
}

void crossbar_program(Crossbar* xb, int64_t row, int64_t column, int8_t weight) {
    xb->weights[column * xb->stride + row] = weight;
}

int8_t crossbar_read(Crossbar* xb, int64_t row, int64_t column) {
    return xb->weights[column * xb->stride + row];
}

}
