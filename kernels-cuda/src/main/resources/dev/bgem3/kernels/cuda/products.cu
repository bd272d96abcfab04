// Products of shapes for which we do not use cuBLAS: if rows do not start at multiples of 16 bytes, it rejects some
// shapes and rounds others twice. BGE-M3 has one such layer, that of the lexical weights, with a single output.

#include "element.cuh"

constexpr int BLOCK = 256;
constexpr int BLOCK_COLUMNS = BLOCK / WARP;

// out [M, N] = in [M, K] weight [N, K]^T (+ bias [N], if not null). Each warp computes one number after another; its
// lanes add the K terms in fp32, always in the same order, whatever M is.
// grid (ceil(N / 8), min(M, 65535)), block (256).
extern "C" __global__ void __launch_bounds__(BLOCK)
multiplyAnyShape(Element* out, const Element* in, const Element* weight, const float* bias, int M, int N, int K) {
    const int lane = threadIdx.x % WARP;
    const int n = blockIdx.x * BLOCK_COLUMNS + threadIdx.x / WARP;
    if (n >= N) {
        return;
    }
    const Element* weightRow = weight + static_cast<long long>(n) * K;
    const bool packed = K % PACK == 0 && aligned(in, weight);
    for (long long m = blockIdx.y; m < M; m += gridDim.y) {
        const Element* inRow = in + m * K;
        float sum = 0;
        if (packed) {
            for (int k = lane * PACK; k < K; k += WARP * PACK) {
                float a[PACK];
                float b[PACK];
                unpack(a, loadPack(inRow + k));
                unpack(b, loadPack(weightRow + k));
#pragma unroll
                for (int i = 0; i < PACK; i++) {
                    sum = fmaf(a[i], b[i], sum);
                }
            }
        } else {
            for (int k = lane; k < K; k += WARP) {
                sum = fmaf(toFloat(inRow[k]), toFloat(weightRow[k]), sum);
            }
        }
        sum = warpSum(sum);
        if (lane == 0) {
            out[m * N + n] = toElement(bias ? sum + bias[n] : sum);
        }
    }
}
