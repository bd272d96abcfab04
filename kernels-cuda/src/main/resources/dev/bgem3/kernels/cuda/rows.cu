// Operations on single values or whole rows: activations, gathering, means. All are bound by memory bandwidth.

#include "element.cuh"

constexpr int BLOCK = 256;

/**
 * The rows that a thread of an activation handles, so that it has several loads in flight and loads the bias only once.
 */
constexpr int THREAD_ROWS = 4;

/** 1 / x with a relative error of at most 2^-23; 0 for infinity. */
DEVICE float reciprocalApproximately(float x) {
    float reciprocal;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(x));
    return reciprocal;
}

/** The last factor of gelu(x) = x * Phi(x), the distribution function of the standard normal distribution.
 *
 * Phi(-|x|) = erfc(|x| / sqrt 2) / 2. We compute erfc by Abramowitz & Stegun's 7.1.26, a polynomial in
 * t = 1 / (1 + p |x| / sqrt 2) times exp(-x^2 / 2), with an error of at most 1.5e-7. That is far below the rounding of
 * the result and takes half the instructions of erff, which would make computation rather than memory the limit. */
DEVICE float normalDistribution(float x) {
    const float t = reciprocalApproximately(fmaf(0.3275911f * 0.70710678f, fabsf(x), 1.0f));
    const float exponential = exp2Approximately(x * x * (-0.5f * 1.44269504f));
    float polynomial = fmaf(0.5f * 1.061405429f, t, 0.5f * -1.453152027f);
    polynomial = fmaf(polynomial, t, 0.5f * 1.421413741f);
    polynomial = fmaf(polynomial, t, 0.5f * -0.284496736f);
    polynomial = fmaf(polynomial, t, 0.5f * 0.254829592f);
    const float tail = polynomial * t * exponential;
    return x < 0 ? tail : 1 - tail;
}

/** x * Phi(x); NaN for NaN and, as the formula gives, for minus infinity. */
struct Gelu {
    DEVICE float operator()(float x) const {
        return x * normalDistribution(x);
    }
};

/** max(x, 0), but NaN for NaN. */
struct Relu {
    DEVICE float operator()(float x) const {
        return x < 0 ? 0 : x;
    }
};

/** x = activation(x + bias) on x [rows, columns]; a thread handles PACK columns of THREAD_ROWS rows at a time. */
template <bool BIAS, class Activation>
DEVICE void activate(Element* x, const float* bias, int rows, int columns, Activation activation) {
    const int column = (blockIdx.x * BLOCK + threadIdx.x) * PACK;
    if (column >= columns) {
        return;
    }
    const bool packed = columns % PACK == 0 && aligned(x) && (!BIAS || aligned(bias));
    float shift[PACK] = {};
    if (BIAS && packed) {
        loadFloats(shift, bias + column);
    }
    for (long long first = static_cast<long long>(blockIdx.y) * THREAD_ROWS; first < rows;
         first += static_cast<long long>(gridDim.y) * THREAD_ROWS) {
        Element* start = x + first * columns + column;
        const int count = min(static_cast<long long>(THREAD_ROWS), rows - first);
        if (packed) {
            uint4 packs[THREAD_ROWS];
#pragma unroll
            for (int i = 0; i < THREAD_ROWS; i++) {
                packs[i] = loadPack(start + static_cast<long long>(min(i, count - 1)) * columns);
            }
#pragma unroll
            for (int i = 0; i < THREAD_ROWS; i++) {
                float values[PACK];
                unpack(values, packs[i]);
#pragma unroll
                for (int j = 0; j < PACK; j++) {
                    values[j] = activation(BIAS ? values[j] + shift[j] : values[j]);
                }
                if (i < count) {
                    storePack(start + static_cast<long long>(i) * columns, toPack(values));
                }
            }
        } else {
            for (int i = 0; i < count; i++, start += columns) {
                for (int j = 0; j < min(PACK, columns - column); j++) {
                    const float value = toFloat(start[j]);
                    start[j] = toElement(activation(BIAS ? value + bias[column + j] : value));
                }
            }
        }
    }
}

// x [rows, columns] = gelu(x + bias), the erf form (Hendrycks & Gimpel 2016).
// grid (ceil(columns / 2048), min(ceil(rows / 4), 65535)), block (256).
extern "C" __global__ void __launch_bounds__(BLOCK) gelu(Element* x, const float* bias, int rows, int columns) {
    activate<true>(x, bias, rows, columns, Gelu{});
}

// x [rows, columns] = max(x, 0).
// grid (ceil(columns / 2048), min(ceil(rows / 4), 65535)), block (256).
extern "C" __global__ void __launch_bounds__(BLOCK) relu(Element* x, int rows, int columns) {
    activate<false>(x, nullptr, rows, columns, Relu{});
}

// out [rows, columns] = in[rowNumbers]; each warp copies one row.
// grid (ceil(rows / 8)), block (256).
extern "C" __global__ void __launch_bounds__(BLOCK)
gatherRows(Element* __restrict__ out, const Element* __restrict__ in, const int* rowNumbers, int rows, int columns) {
    const int lane = threadIdx.x % WARP;
    const long long row = static_cast<long long>(blockIdx.x) * (BLOCK / WARP) + threadIdx.x / WARP;
    if (row >= rows) {
        return;
    }
    Element* to = out + row * columns;
    const Element* from = in + static_cast<long long>(rowNumbers[row]) * columns;
    if (columns % PACK == 0 && aligned(out, in)) {
        for (int column = lane * PACK; column < columns; column += WARP * PACK) {
            storePack(to + column, loadPack(from + column));
        }
    } else {
        for (int column = lane; column < columns; column += WARP) {
            to[column] = from[column];
        }
    }
}

// out [sequences, columns]: the mean of the rows cumulativeLengths[s] .. cumulativeLengths[s + 1] - 1 of in. Each warp
// sums every eighth row of 32 columns; then the first warp adds the warps' sums in order.
// grid (ceil(columns / 32), min(sequences, 65535)), block (256).
extern "C" __global__ void __launch_bounds__(BLOCK)
meanRows(Element* out, const Element* in, const int* cumulativeLengths, int sequences, int columns) {
    constexpr int WARPS = BLOCK / WARP;
    __shared__ float sums[WARPS][WARP];
    const int lane = threadIdx.x % WARP;
    const int warp = threadIdx.x / WARP;
    const int column = blockIdx.x * WARP + lane;
    for (int sequence = blockIdx.y; sequence < sequences; sequence += gridDim.y) {
        const int from = cumulativeLengths[sequence];
        const int to = cumulativeLengths[sequence + 1];
        float sum = 0;
        if (column < columns) {
            for (int row = from + warp; row < to; row += WARPS) {
                sum += toFloat(in[static_cast<long long>(row) * columns + column]);
            }
        }
        sums[warp][lane] = sum;
        __syncthreads();
        if (warp == 0 && column < columns) {
            sum = 0;
            for (int i = 0; i < WARPS; i++) {
                sum += sums[i][lane];
            }
            out[static_cast<long long>(sequence) * columns + column] = toElement(sum / (to - from));
        }
        __syncthreads();
    }
}
