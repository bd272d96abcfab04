// Norms of rows: the layer norm after every residual connection, and the scaling of embeddings to unit length.
//
// Each warp handles one row, so that no block waits at a barrier. Both kernels are bound by memory bandwidth: for each
// row addNorm moves three rows of elements (two read, one written), normalizeRows two.

#include "element.cuh"

/** The warps per block, each of which handles one row. */
constexpr int NORM_WARPS = 4;

/** in + bias + residual, added in this order */
struct ResidualRow {
    const Element* in;
    const float* bias;
    const Element* residual;

    struct Packs {
        uint4 in;
        uint4 residual;
    };

    DEVICE float at(int column) const {
        return (toFloat(in[column]) + bias[column]) + toFloat(residual[column]);
    }

    DEVICE void load(Packs& packs, int column) const {
        packs.in = loadPack(in + column);
        packs.residual = loadPack(residual + column);
    }

    DEVICE void sum(float (&x)[PACK], const Packs& packs, int column) const {
        float residuals[PACK];
        float biases[PACK];
        unpack(x, packs.in);
        unpack(residuals, packs.residual);
        loadFloats(biases, bias + column);
#pragma unroll
        for (int i = 0; i < PACK; i++) {
            x[i] = (x[i] + biases[i]) + residuals[i];
        }
    }
};

// out [rows, C] = norm(in + bias + residual); out may be in or residual.
// grid (ceil(rows / 4)), block (128).
extern "C" __global__ void __launch_bounds__(NORM_WARPS * WARP)
addNorm(Element* out, const Element* in, const float* bias, const Element* residual, const float* gamma,
        const float* beta, float epsilon, int rows, int C) {
    const int lane = threadIdx.x % WARP;
    const long long rowNumber = static_cast<long long>(blockIdx.x) * NORM_WARPS + threadIdx.x / WARP;
    if (rowNumber >= rows) {
        return;
    }
    const ResidualRow row{in + rowNumber * C, bias, residual + rowNumber * C};
    Element* outRow = out + rowNumber * C;
    if (C % PACK == 0 && C <= NORM_COLUMNS && aligned(out, in, bias, residual, gamma, beta)) {
        layerNormInRegisters(outRow, row, gamma, beta, epsilon, C, lane);
    } else {
        layerNormOfAnyRow(outRow, row, gamma, beta, epsilon, C, lane);
    }
}

/** The smallest divisor of a row, as in torch.nn.functional.normalize. */
constexpr double NORM_FLOOR = 1e-12;

/** 1 / max(norm, floor), or NaN if the sum is NaN. */
DEVICE float inverseLength(double squares) {
    const double length = sqrt(squares);
    return static_cast<float>(1 / (length < NORM_FLOOR ? NORM_FLOOR : length));
}

// Divides the first `columns` of each row of x [rows, stride] by their Euclidean norm. Squares are summed in fp64, in
// which those of bf16's largest and smallest values neither overflow nor underflow.
// grid (ceil(rows / 4)), block (128).
extern "C" __global__ void __launch_bounds__(NORM_WARPS * WARP)
normalizeRows(Element* x, int rows, int stride, int columns) {
    const int lane = threadIdx.x % WARP;
    const long long rowNumber = static_cast<long long>(blockIdx.x) * NORM_WARPS + threadIdx.x / WARP;
    if (rowNumber >= rows) {
        return;
    }
    Element* row = x + rowNumber * stride;
    double squares = 0;
    if (stride % PACK == 0 && columns % PACK == 0 && columns <= NORM_COLUMNS && aligned(x)) {
        uint4 packs[NORM_PACKS];
#pragma unroll
        for (int i = 0; i < NORM_PACKS; i++) {
            packs[i] = loadPack(row + min((i * WARP + lane) * PACK, columns - PACK));
        }
        float values[PACK];
#pragma unroll
        for (int i = 0; i < NORM_PACKS; i++) {
            if ((i * WARP + lane) * PACK < columns) {
                unpack(values, packs[i]);
#pragma unroll
                for (int j = 0; j < PACK; j++) {
                    squares += static_cast<double>(values[j]) * values[j];
                }
            }
        }
        const float scale = inverseLength(warpSum(squares));
#pragma unroll
        for (int i = 0; i < NORM_PACKS; i++) {
            const int column = (i * WARP + lane) * PACK;
            if (column < columns) {
                unpack(values, packs[i]);
#pragma unroll
                for (int j = 0; j < PACK; j++) {
                    values[j] *= scale;
                }
                storePack(row + column, toPack(values));
            }
        }
    } else {
        for (int column = lane; column < columns; column += WARP) {
            const double value = toFloat(row[column]);
            squares += value * value;
        }
        const float scale = inverseLength(warpSum(squares));
        for (int column = lane; column < columns; column += WARP) {
            row[column] = toElement(toFloat(row[column]) * scale);
        }
    }
}
