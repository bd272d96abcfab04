// The element type of tensors, packs of eight elements, and sums over a warp.
//
// Everything here is plain CUDA C++ with inline PTX and includes nothing, so that NVRTC can compile it without an
// installed toolkit. It needs compute capability 8.0. The PTX instructions are described in "Parallel Thread Execution
// ISA", section 9.7.

#pragma once

#define DEVICE __device__ __forceinline__

/** fp16, or bf16 if the macro BF16 is 1. There is no arithmetic on it: values are widened to fp32 first. */
struct Element {
    unsigned short bits;
};

constexpr int WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

/** The number of elements in 16 bytes, the widest load. */
constexpr int PACK = 8;

DEVICE float toFloat(Element element) {
#if BF16
    return __uint_as_float(static_cast<unsigned>(element.bits) << 16);
#else
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(element.bits));
    return value;
#endif
}

/** Rounds to nearest even; overflow gives infinity, which the host detects when it checks that results are finite. */
DEVICE Element toElement(float value) {
    Element element;
#if BF16
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(element.bits) : "f"(value));
#else
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(element.bits) : "f"(value));
#endif
    return element;
}

/** Two elements in a register, the first in the low half. */
DEVICE unsigned toPair(float first, float second) {
    unsigned pair;
#if BF16
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
#else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
#endif
    return pair;
}

DEVICE void unpack(float (&values)[PACK], uint4 pack) {
    const unsigned pairs[4] = {pack.x, pack.y, pack.z, pack.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        values[2 * i] = toFloat(Element{static_cast<unsigned short>(pairs[i])});
        values[2 * i + 1] = toFloat(Element{static_cast<unsigned short>(pairs[i] >> 16)});
    }
}

DEVICE uint4 toPack(const float (&values)[PACK]) {
    return uint4{toPair(values[0], values[1]), toPair(values[2], values[3]), toPair(values[4], values[5]),
                 toPair(values[6], values[7])};
}

DEVICE uint4 loadPack(const Element* elements) {
    return *reinterpret_cast<const uint4*>(elements);
}

DEVICE void storePack(Element* elements, uint4 pack) {
    *reinterpret_cast<uint4*>(elements) = pack;
}

DEVICE void loadFloats(float (&values)[PACK], const float* from) {
    const float4 low = reinterpret_cast<const float4*>(from)[0];
    const float4 high = reinterpret_cast<const float4*>(from)[1];
    values[0] = low.x, values[1] = low.y, values[2] = low.z, values[3] = low.w;
    values[4] = high.x, values[5] = high.y, values[6] = high.z, values[7] = high.w;
}

/** Returns whether all pointers are aligned for loads of 16 bytes. */
template <class... Pointers>
DEVICE bool aligned(Pointers... pointers) {
    return ((reinterpret_cast<unsigned long long>(pointers) | ...) % 16) == 0;
}

/** Returns the sum over the warp's lanes, added in a fixed order, with the same bits in every lane. */
template <class Number>
DEVICE Number warpSum(Number value) {
#pragma unroll
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(ALL_LANES, value, distance);
    }
    return value;
}

DEVICE float infinity() {
    return __int_as_float(0x7f800000);
}

/** 2 to the x, with a relative error of at most 2^-22; 0 for minus infinity, NaN for NaN. */
DEVICE float exp2Approximately(float x) {
    float power;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
    return power;
}

/** Returns the address of shared memory in PTX's shared state space. */
DEVICE unsigned sharedAddress(const void* pointer) {
    return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

/** Starts a copy of 16 bytes to shared memory, bypassing the L1 cache; copies zeros if not `valid`. */
DEVICE void copyAsync(unsigned to, const void* from, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0)
                 : "memory");
}

/** Closes a group of the copies that this thread has started. */
DEVICE void commitCopies() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/** Waits for all groups of this thread's copies but the last PENDING. */
template <int PENDING>
DEVICE void waitForCopies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

// Layer norm (Ba et al. 2016, section 3) of one row by one warp: (x - mean) / sqrt(variance + epsilon) * gamma + beta,
// with the biased variance. The mean is computed before the variance, because the mean of squares minus the square of
// the mean would cancel. The input is a sum of several rows, which a `Row` computes when needed:
//
//     float at(int column)                                  one column
//     void load(Packs&, int column), void sum(float (&)[PACK], Packs, int column)
//                                                           PACK columns, first the loads alone, then their sum
//
// Because the latter has two steps, a lane can start all its loads before it waits for the first.

/** The packs that a lane holds in registers, enough for a hidden size of 1024. Longer rows are read three times. */
constexpr int NORM_PACKS = 4;
constexpr int NORM_COLUMNS = NORM_PACKS * PACK * WARP;

template <class Row>
DEVICE void layerNormInRegisters(Element* out, const Row& row, const float* gamma, const float* beta, float epsilon,
                                 int columns, int lane) {
    typename Row::Packs packs[NORM_PACKS];
    float x[NORM_PACKS][PACK];
    // A lane past the end loads the last pack again and leaves it out of the sums, so that no branch delays the loads.
#pragma unroll
    for (int i = 0; i < NORM_PACKS; i++) {
        row.load(packs[i], min((i * WARP + lane) * PACK, columns - PACK));
    }
    float sum = 0;
#pragma unroll
    for (int i = 0; i < NORM_PACKS; i++) {
        const int column = (i * WARP + lane) * PACK;
        row.sum(x[i], packs[i], min(column, columns - PACK));
        float packSum = 0;
#pragma unroll
        for (int j = 0; j < PACK; j++) {
            packSum += x[i][j];
        }
        sum += column < columns ? packSum : 0;
    }
    const float mean = warpSum(sum) / columns;
    float squares = 0;
#pragma unroll
    for (int i = 0; i < NORM_PACKS; i++) {
        float packSquares = 0;
#pragma unroll
        for (int j = 0; j < PACK; j++) {
            x[i][j] -= mean;
            packSquares += x[i][j] * x[i][j];
        }
        squares += (i * WARP + lane) * PACK < columns ? packSquares : 0;
    }
    const float scale = 1 / sqrtf(warpSum(squares) / columns + epsilon);
#pragma unroll
    for (int i = 0; i < NORM_PACKS; i++) {
        const int column = (i * WARP + lane) * PACK;
        if (column < columns) {
            float factor[PACK];
            float shift[PACK];
            loadFloats(factor, gamma + column);
            loadFloats(shift, beta + column);
#pragma unroll
            for (int j = 0; j < PACK; j++) {
                x[i][j] = x[i][j] * scale * factor[j] + shift[j];
            }
            storePack(out + column, toPack(x[i]));
        }
    }
}

/**
 * Does the same for any row; out may be one of the rows summed, since a lane writes only columns that no other lane
 * reads.
 */
template <class Row>
DEVICE void layerNormOfAnyRow(Element* out, const Row& row, const float* gamma, const float* beta, float epsilon,
                              int columns, int lane) {
    float sum = 0;
    for (int column = lane; column < columns; column += WARP) {
        sum += row.at(column);
    }
    const float mean = warpSum(sum) / columns;
    float squares = 0;
    for (int column = lane; column < columns; column += WARP) {
        const float difference = row.at(column) - mean;
        squares += difference * difference;
    }
    const float scale = 1 / sqrtf(warpSum(squares) / columns + epsilon);
    for (int column = lane; column < columns; column += WARP) {
        out[column] = toElement((row.at(column) - mean) * scale * gamma[column] + beta[column]);
    }
}
